"""Which things belong together: what lies on or in a movable thing forms one group with it (tray, bowl, stack)."""

import numpy as np
from numpy.typing import NDArray

from gazeline.sim.scene import Scene


def groups(scene: Scene) -> NDArray[np.uint16]:
    """Group id by object id, 0 = none; from the settled contacts of MuJoCo."""
    by_body = {item.body: item for item in scene.objects if item.movable}
    count = max((item.id for item in scene.objects), default=0) + 1
    root = np.arange(count)

    def find(k: int) -> int:
        while root[k] != k:
            k = int(root[k])
        return k

    for contact in scene.data.contact:
        pair = [by_body.get(int(scene.model.geom_bodyid[g])) for g in (contact.geom1, contact.geom2)]
        if pair[0] is None or pair[1] is None or pair[0].id == pair[1].id:
            continue
        boxes = [scene.bounds(item.id) for item in pair if item is not None]
        below, above = (0, 1) if np.prod(np.ptp(boxes[0], 0)[[0, 2]]) > np.prod(np.ptp(boxes[1], 0)[[0, 2]]) else (1, 0)
        middle = (boxes[above][0] + boxes[above][1]) / 2
        over = (middle > boxes[below][0])[[0, 2]].all() and (middle < boxes[below][1])[[0, 2]].all()
        if over and middle[1] > boxes[below][0][1]:
            items = [item.id for item in pair if item is not None]
            root[find(items[above])] = find(items[below])
    roots = np.array([find(k) for k in range(count)])
    kinds, sizes = np.unique(roots, return_counts=True)
    numbers = {int(k): n + 1 for n, k in enumerate(kinds[sizes > 1])}
    return np.array([numbers.get(int(r), 0) for r in roots], np.uint16)
