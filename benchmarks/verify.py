"""Verify MAC and signature of every message, header fields out, against the bare cryptography."""

from bench.gbcs import Message
from bench.gbcs.check import check
from benchmarks.floor import prepare
from benchmarks.measure import each, medians, one_core, rate, say, verdict
from benchmarks.messages import load

GOAL = 0.60


def main() -> None:
    """Measure and report."""
    one_core()
    messages = load()
    store = messages.keystore
    floor = prepare(messages)

    def one(octets: bytes) -> tuple[object, ...]:
        message = Message.parse(octets)
        protection = check(message, store, messages.broker)
        return message.originator, message.target, message.counter, message.message_code, message.kind, protection

    def project() -> None:
        store.close()
        each(one, messages.octets)()

    checks = [check(Message.parse(octets), store, messages.broker) for octets in messages.octets]
    assert sum(found.mac == "valid" for found in checks) == len(floor.macs)
    assert sum(found.signature == "valid" for found in checks) == len(floor.signatures)
    bare, mine = medians(floor.verify, project)
    count = len(messages.octets)
    say(f"{messages.name}: {len(floor.macs)} MACs, {len(floor.signatures)} signatures, {len(floor.pairs)} key pairs")
    say(f"floor   {rate(count, bare)}")
    say(f"project {rate(count, mine)}")
    verdict("verify", bare / mine, "floor", GOAL)


if __name__ == "__main__":
    main()
