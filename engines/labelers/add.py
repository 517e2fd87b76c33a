"""Adds a model that names things, an image and a text tower or a detector, to the user's folder, from ONNX files."""

import re
from pathlib import Path

import numpy as np

from gazeline.engines import onnx_graph as graphs
from gazeline.engines.add import Request, Say, target
from gazeline.engines.labelers import bundle as bundles
from gazeline.engines.labelers import detector_forms, sources, tokens, towers
from gazeline.engines.labelers.bundle import Bundle, ClipManifest, DetectorManifest, Picture, Scores, Tokens
from gazeline.engines.labelers.clip import Clip
from gazeline.engines.labelers.detector import Detector
from gazeline.engines.labelers.sources import Said
from gazeline.engines.labelers.towers import PICTURE, TOKENS, Towers
from gazeline.engines.ort import FAILURES
from gazeline.engines.staging import staged

CLIP_SCALE = 100.0  # where CLIP's own is held at in training, and ends ("Learning Transferable Visual Models", 2.5)
ALIKE = 1e-3  # a picture's vector alone and among others may differ by this much


def add(request: Request, say: Say) -> Bundle | None:
    """Write the bundle and return it, verified; None if these files are no model that names things.

    ValueError or OSError, in a sentence, if something is wrong with them; the user's folder is then as it was.
    """
    files = sources.files_of(request.path)
    networks = [path for path in files if path.suffix == ".onnx"]
    if request.path.suffix == ".onnx":
        networks = [request.path]
    stem = (request.path if request.path.is_dir() else request.path.with_suffix("")).resolve().name
    name = re.sub(r"[^a-z0-9._]+", "-", stem.lower()).strip("-._")
    if (found := towers.find(networks)) is not None:
        return _add_clip(request, found, files, say, target(request, name))
    if len(networks) == 1 and (form := detector_forms.form_of(graphs.load(networks[0]))) is not None:
        return _add_detector(request, networks[0], form, files, say, target(request, name))
    return None


def _add_clip(request: Request, found: Towers, files: list[Path], say: Say, folder: Path) -> Bundle:
    said = sources.read(files)
    tokenizer = tokens.find(files)
    side = found.side[0] or request.size or (said.side or (None,))[0]
    length = found.length or said.length
    if side is None:
        raise ValueError(f"{found.image_file} takes pictures of any size, and no file says which; say --size PX")
    if length is None:
        raise ValueError(
            'no file says how many tokens a text has; write {"model_max_length": 77} to tokenizer_config.json'
        )
    if said.mean is None or said.std is None:
        raise ValueError(
            "no file says how pictures are normalised; put preprocessor_config.json, open_clip_config.json or "
            f"preprocess_cfg.json beside {found.image_file.name}"
        )
    about = Tokens(length, said.pad if said.pad is not None else 0, said.canonical)
    scores = _scores(request, found, said, about, side, tokenizer, say)
    say(f"an image and a text tower, {side} px, {length} tokens, {scores.kind} of {scores.scale:g} c + {scores.bias:g}")
    graphs.fix_input(found.image, PICTURE, (None, 3, side, side))
    graphs.fix_input(found.text, TOKENS, (None, length))
    with staged(folder, replace=request.replace) as work:
        graphs.save(found.image, work / bundles.IMAGE)
        graphs.save(found.text, work / bundles.TEXT)
        tokenizer.save(str(work / bundles.TOKENIZER))
        picture = Picture(side, side, said.mean, said.std, fit="stretch" if said.stretched else "pad", fill=_fill(said))
        manifest = ClipManifest(
            name=folder.name,
            licence=request.licence,
            description=f"An image and a text tower, from {request.path.name}.",
            picture=picture,
            tokens=about,
            scores=scores,
            files={},
        )
        say("trying it")
        _try_clip(bundles.write(work, manifest), folder.name)
    return bundles.load(folder)


def _scores(
    request: Request, found: Towers, said: Said, about: Tokens, side: int, tokenizer: object, say: Say
) -> Scores:
    """How cosines become probabilities: as the command says, else as measured, else as CLIP's."""
    scale, bias = request.scale, request.bias
    if scale is None and found.whole is not None:
        ids = np.full((2, about.length), about.pad, np.int64)
        for row, text in zip(ids, ("a photo of a mug", "thirteen green bicycles"), strict=True):
            row[: about.length] = (tokenizer.encode(text).ids + [about.pad] * about.length)[: about.length]  # type: ignore[attr-defined]
        scale, measured = towers.score_rule(found.whole, side, ids)
        bias = measured if bias is None else bias
        say(f"scale and bias of its scores, measured on {found.whole.name}")
    sigmoid = said.sigmoid or bool(bias)
    if scale is None or (sigmoid and bias is None):
        if sigmoid:
            raise ValueError(
                "the scale and bias of its scores are in none of the files: add model.onnx with both towers, or say "
                "--scale and --bias (SigLIP's exp(logit_scale) and logit_bias)"
            )
        scale = CLIP_SCALE
        say(f"the scale of its scores is in none of the files; {scale:g} is taken, which is CLIP's")
    return Scores("sigmoid" if sigmoid else "softmax", scale, bias or 0.0)


def _fill(said: Said) -> sources.Three:
    """What a picture is padded with: the mean, which is nothing to the network; at most white."""
    a, b, c = (min(255.0, max(0.0, value)) for value in said.mean or (114.0, 114.0, 114.0))
    return a, b, c


def _try_clip(bundle: Bundle, name: str) -> None:
    """ValueError unless both towers run, and give vectors that compare and do not depend on what else is in a batch."""
    refusals: tuple[type[Exception], ...] = (ValueError, *FAILURES)
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (40 + 7 * i, 60, 3), np.uint8) for i in range(3)]
    try:
        clip = Clip(bundle)
        images, texts = clip.embed_images(pictures), clip.embed_texts(["a mug", "a much longer text about a mug"])
        alone = clip.embed_images(pictures[2:])
        clip.close()
    except refusals as error:
        raise ValueError(
            f"{name} does not run: {str(error).replace(str(bundle.folder), name).splitlines()[0][:200]}"
        ) from error
    if images.shape[1] != texts.shape[1]:
        raise ValueError(
            f"the towers do not fit each other: pictures give {images.shape[1]} values, texts {texts.shape[1]}; export "
            "them with their projections"
        )
    if not (np.isfinite(images).all() and np.isfinite(texts).all() and np.abs(images[2] - alone[0]).max() < ALIKE):
        raise ValueError(f"{name} gives vectors that hold no numbers, or that depend on what else is in the batch")


def _add_detector(
    request: Request, path: Path, form: detector_forms.Found, files: list[Path], say: Say, folder: Path
) -> Bundle:
    model = graphs.load(path)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    labels = sources.labels_of(files, request.labels, metadata)
    if labels is None:
        raise ValueError(
            f"no file says how the classes of {path.name} are called; give --labels FILE, a name on each line"
        )
    said = sources.read(files)
    detector_forms.prepare(model, form, request.size or (said.side or (None,))[0])
    height, width = detector_forms.side_of(model, path)
    with staged(folder, replace=request.replace) as work:
        graphs.save(model, work / bundles.DETECTOR)
        kind, labels = detector_forms.settled(form, work / bundles.DETECTOR, (height, width), labels)
        say(f"a detector, {width} x {height} px, of {len(labels)} classes, with outputs like those of {kind}")
        manifest = DetectorManifest(
            name=folder.name,
            licence=request.licence,
            description=f"A detector with outputs like those of {kind}, from {path.name}.",
            picture=detector_forms.picture_of(kind, (height, width), said),
            form=kind,
            labels=labels,
            files={},
        )
        say("trying it")
        written = bundles.write(work, manifest)
        refusals: tuple[type[Exception], ...] = (ValueError, IndexError, *FAILURES)
        try:
            detector = Detector(written)
            detector.detect(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8))
            detector.close()
        except refusals as error:
            text = str(error).replace(str(work), folder.name).splitlines()[0][:200]
            raise ValueError(f"{path.name} does not run: {text}") from error
    return bundles.load(folder)
