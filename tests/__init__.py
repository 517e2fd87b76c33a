"""Tests, as a package: conformance suites are imported by the tests of each implementation."""
