"""Defects of what a meter makes of the voltage: means, sags and swells, counters."""

from collections import deque
from datetime import timedelta

from bench.gbcs.trust_anchors import Role
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.voltage import MEAN_OVER_ENDED, MEAN_PERIOD, MEAN_UNDER_ENDED


@defect(
    "esme-mean-judged-at-once",
    device="Esme",
    breaks="R-VLT-001",
    story="The thresholds of the mean are held against the voltage of this second, too: a minute of high voltage in "
    "the half hour is told at once.",
)
def mean_judged_at_once(esme: Esme) -> None:
    """What comes at the end of a period comes with every change."""
    changed = esme.voltage.changed

    def judge_now(volts):
        changed(volts)
        if esme.powered():
            esme.voltage.judge(volts)

    esme.voltage.changed = judge_now  # type: ignore[method-assign]


@defect(
    "esme-mean-told-every-period",
    device="Esme",
    breaks="R-ALT-024",
    story="The meter does not remember how it judged the last mean: in a street with high voltage every period "
    "brings an alert.",
)
def mean_told_every_period(esme: Esme) -> None:
    """Each period is judged as if the one before had been good."""
    voltage = esme.voltage
    judge = voltage.judge

    def forgetful(mean):
        was_over, was_under, counters = voltage.is_over, voltage.is_under, (voltage.over_counter, voltage.under_counter)
        judge(mean)
        if voltage.is_over and was_over:
            voltage.tell(0x8002)
        if voltage.is_under and was_under:
            voltage.tell(0x8006)
        if (was_over, was_under) == (voltage.is_over, voltage.is_under):
            voltage.over_counter, voltage.under_counter = counters

    voltage.judge = forgetful  # type: ignore[method-assign]


@defect(
    "esme-counts-each-mean-beyond",
    device="Esme",
    breaks="R-VLT-003",
    story="The counter goes up with each mean beyond the threshold, not with each crossing.",
)
def counts_each_mean(esme: Esme) -> None:
    """Periods are counted."""
    voltage = esme.voltage
    judge = voltage.judge

    def count(mean):
        over, under = voltage.is_over, voltage.is_under
        judge(mean)
        voltage.over_counter += over and voltage.is_over
        voltage.under_counter += under and voltage.is_under

    voltage.judge = count  # type: ignore[method-assign]


@defect(
    "esme-voltage-settings-clear-counters",
    device="Esme",
    breaks="R-VLT-003",
    story="One routine serves both commands: new voltage settings clear the counters also where they are to be kept.",
)
def settings_clear_counters(esme: Esme) -> None:
    """Writing the period clears."""
    written = esme.cosem.objects.written
    before = written[MEAN_PERIOD]

    def clear(value):
        before(value)
        esme.voltage.over_counter = esme.voltage.under_counter = 0

    written[MEAN_PERIOD] = clear


@defect(
    "esme-over-counter-not-reset",
    device="Esme",
    breaks="R-VLT-003",
    story="The reset of both voltage counters resets the first of them, and answers that it did both.",
)
def over_counter_not_reset(esme: Esme) -> None:
    """The counter of high means stays."""
    esme.voltage.reset_over = lambda: 0  # type: ignore[method-assign]


@defect(
    "esme-voltage-counters-in-ram",
    device="Esme",
    breaks="R-VLT-003",
    story="The voltage counters live in RAM: after a power cut, when they would matter, they are zero.",
)
def counters_in_ram(esme: Esme) -> None:
    """Counters are lost with supply."""
    down = esme.voltage.power_down

    def forget():
        down()
        esme.voltage.over_counter = esme.voltage.under_counter = 0

    esme.voltage.power_down = forget  # type: ignore[method-assign]


@defect(
    "esme-counts-only-what-it-tells",
    device="Esme",
    breaks="R-VLT-003",
    story="The counter is kept by the routine that alerts: with the alert switched off nothing is counted.",
)
def counts_only_what_it_tells(esme: Esme) -> None:
    """No alert, no count."""
    judge = esme.voltage.judge

    def count(mean):
        counters = esme.voltage.over_counter, esme.voltage.under_counter
        judge(mean)
        if not esme.alerting(0x8002):
            esme.voltage.over_counter, esme.voltage.under_counter = counters

    esme.voltage.judge = count  # type: ignore[method-assign]


@defect(
    "esme-sag-without-end-period",
    device="Esme",
    breaks="R-VLT-004",
    story="A sag ends with the first sample above its limit and begins again soon: a voltage at the edge gives dozens "
    "of alerts.",
)
def sag_without_end_period(esme: Esme) -> None:
    """The end does not wait for the period."""
    for one in esme.voltage.excursions:

        def watch(volts, one=one, watch=one.watch):
            watch(volts)
            if one.begun and not one.beyond(volts):
                one.lasted(one._waiting)

        one.watch = watch  # type: ignore[method-assign]


@defect(
    "esme-sag-timer-runs-on",
    device="Esme",
    breaks="R-VLT-004",
    story="The timer of a swell is started and not stopped: two short ones within the period count as a long one.",
)
def sag_timer_runs_on(esme: Esme) -> None:
    """A return within the period is not seen."""
    for one in esme.voltage.excursions:

        def watch(volts, one=one, watch=one.watch):
            waiting = one._waiting
            watch(volts)
            if waiting is not None and not one.begun:
                one._waiting = waiting

        one.watch = watch  # type: ignore[method-assign]


@defect(
    "esme-sag-at-the-limit",
    device="Esme",
    breaks="R-VLT-004",
    story="Limits are compared with one volt to spare, from the days when the meter measured worse: what is a volt "
    "within the limit counts as beyond.",
)
def sag_a_volt_early(esme: Esme) -> None:
    """A volt within is beyond."""
    for one in esme.voltage.excursions:

        def beyond(volts, one=one, beyond=one.beyond):
            return beyond(volts + (1.5 if one._above else -1.5))

        one.beyond = beyond  # type: ignore[method-assign]


@defect(
    "esme-sag-period-in-half-seconds",
    device="Esme",
    breaks="R-VLT-004",
    story="The period counts samples, two a second: an excursion counts after half the time that is set.",
)
def period_in_samples(esme: Esme) -> None:
    """Half the period."""
    for one in esme.voltage.excursions:
        one.period = lambda period=one.period: period() / 2  # type: ignore[misc]


@defect(
    "esme-sag-has-no-end",
    device="Esme",
    breaks="R-VLT-004",
    story="Only the beginning of a sag or swell is told, never its end.",
)
def sag_has_no_end(esme: Esme) -> None:
    """Ends are dropped."""
    tell = esme.voltage.tell
    ends = {one.codes[1] for one in esme.voltage.excursions}
    esme.voltage.tell = lambda code: None if code in ends else tell(code)  # type: ignore[method-assign]


@defect(
    "esme-sag-told-again-after-outage",
    device="Esme",
    breaks="R-VLT-004",
    story="That a sag is under way is kept in RAM: after an outage within it the same sag is told again, and its end "
    "is told once for both.",
)
def sag_told_again(esme: Esme) -> None:
    """Nothing is known of a sag after an outage."""
    for one in esme.voltage.excursions:

        def rest(one=one, rest=one.rest):
            rest()
            one.begun = False

        one.rest = rest  # type: ignore[method-assign]


@defect(
    "esme-voltage-log-stamped-at-start",
    device="Esme",
    breaks="R-VLT-002",
    story="The voltage log is stamped when the period begins, as the log of another project was.",
)
def log_stamped_at_start(esme: Esme) -> None:
    """One period early."""
    keep = esme.voltage.keep
    esme.voltage.keep = lambda end, mean: keep(  # type: ignore[method-assign]
        end - timedelta(seconds=esme.voltage.read(MEAN_PERIOD)), mean
    )


@defect(
    "esme-voltage-log-last-sample",
    device="Esme",
    breaks="R-VLT-002",
    story="What the voltage log keeps is the last sample of the period, not the mean.",
)
def log_last_sample(esme: Esme) -> None:
    """The voltage now is kept."""
    keep = esme.voltage.keep
    esme.voltage.keep = lambda end, mean: keep(end, esme.voltage.volts)  # type: ignore[method-assign]


@defect(
    "esme-voltage-log-too-small",
    device="Esme",
    breaks="R-VLT-002",
    story="The voltage log has room for 1440 means, thirty days of half hours.",
)
def log_too_small(esme: Esme) -> None:
    """A third of the entries."""
    esme.voltage.log = deque(maxlen=1440)


@defect(
    "esme-voltage-alerts-to-supplier",
    device="Esme",
    breaks="R-VLT-006",
    story="Voltage alerts go where all other alerts go: to the supplier, who has no use for them.",
)
def alerts_to_supplier(esme: Esme) -> None:
    """The wrong party is told."""

    def tell(code):
        if esme.logging(code):
            esme.logs.add(esme.logs.power, code)
        esme.alert(code, Role.SUPPLIER)

    esme.voltage.tell = tell  # type: ignore[method-assign]


@defect(
    "esme-voltage-ends-not-logged",
    device="Esme",
    breaks="R-VLT-006",
    story="Of a mean beyond its threshold only the beginning stands in the power event log.",
)
def ends_not_logged(esme: Esme) -> None:
    """The return of a mean is alerted only."""
    tell = esme.voltage.tell

    def short(code):
        tell(code)
        if code in (MEAN_OVER_ENDED, MEAN_UNDER_ENDED) and esme.logging(code):
            esme.logs.power.pop()

    esme.voltage.tell = short  # type: ignore[method-assign]


@defect(
    "esme-power-in-kilowatts",
    device="Esme",
    breaks="R-VLT-007",
    story="Instantaneous power is given with the scaler of kilowatts and the unit of watts.",
)
def power_in_kilowatts(esme: Esme) -> None:
    """Three places too few."""
    power = attribute("1:0-0:94.44.34.20:2")
    whole = esme.objects.power

    def kilowatts():
        data = whole()
        data.value[1].value[0] = data.value[1].value[0].__class__(data.value[1].value[0].tag, 3)
        return data

    esme.cosem.objects.put(power, kilowatts)
