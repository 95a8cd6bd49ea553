"""What may be replaced is looked up when it is called: a defect put in after the home was built has its effect."""

import gc
import types

from rigs.virtual.defects import _parts
from tests.virtual.homes import make


def test_no_override_point_is_held_from_before() -> None:
    home = make().home
    devices = [home.esme, home.gsme, home.gsme_radio, home.gpf, home.chf, home.hub, *home.hub.sleepy.values()]
    parts = {id(part): part for device in devices for part in _parts(device)}
    gc.collect()
    held = {
        f"{type(method.__self__).__name__}.{method.__name__}"
        for method in gc.get_objects()
        if isinstance(method, types.MethodType) and id(method.__self__) in parts and hasattr(method.__func__, "rules")
    }
    assert not held, "a reference taken when the home was built does not see a defect"
