# make demo                                    the simulated headset in your browser
# make demo ARGS="--headless --seconds 20"     any option of `gazeline demo`
# make test                                    lint, types, layers and all tests
# make test ARGS="tests/calib -k fisheye"      any option of pytest
# Both set up all they need; see tools/setup.sh.

ARGS ?=

.PHONY: demo test lint clean

demo:
	@tools/setup.sh demo
	@.venv/bin/gazeline demo $(ARGS)

test: lint
	@.venv/bin/python -m pytest $(ARGS)

lint:
	@tools/setup.sh test
	@.venv/bin/pre-commit run --all-files

clean:
	rm -rf .venv build out *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
