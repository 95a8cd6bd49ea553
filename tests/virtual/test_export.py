"""Energy flows one way at a time, and nothing is lost between the registers, whatever is turned on and off."""

from datetime import timedelta

import pytest

from tests.virtual.homes import make

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("generation", [0.0, 300.0, 720.0, 1500.0])
def test_import_less_export_is_what_the_feed_gave(generation):
    bench = make()
    esme = bench.home.esme
    before, out = esme.integrate(), esme.export.register()
    esme.export.generate(generation)
    watts = esme.net
    bench.run(3600)
    taken, given = esme.integrate() - before, esme.export.register() - out
    assert taken - given == pytest.approx(watts, abs=2)
    assert taken == pytest.approx(0, abs=2) or given == 0


def test_a_generator_stops_with_the_supply():
    bench = make()
    esme = bench.home.esme
    esme.export.generate(1500.0)
    esme.switch.disable()
    assert (esme.net, esme.load) == (0.0, 0.0)


def test_half_hours_add_up_to_the_register():
    bench = make()
    esme = bench.home.esme
    before = esme.export.register()
    bench.run(700)
    esme.export.generate(1000.0)
    bench.run(5000)
    esme.export.generate(0.0)
    bench.run(3600)
    rows = esme.other_profiles.export(bench.world.now - 4 * HOUR, bench.world.now).value.rows
    assert sum(row[1].value for row in rows) == pytest.approx(esme.export.register() - before, abs=3)
    assert sum(row[1].value for row in rows) == pytest.approx((1000 - 720) * 5000 / 3600, abs=3)
