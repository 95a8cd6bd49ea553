"""A generator is turned by hands at the meter, and what they do stands on the timeline."""

from bench.generator import Generator


class Noted:
    """Hands and timeline at once."""

    def __init__(self):
        self.done, self.texts = [], []

    def do(self, device, act):
        self.done.append((device, act))
        return "1500 W"

    def record(self, point, kind, data):
        self.texts.append((point, kind, data["text"]))


def test_hands_turn_it_on_and_off():
    noted = Noted()
    generator = Generator(noted, noted, "esme", 1500.0)
    generator.on()
    generator.off()
    assert noted.done == [("esme", "generate on"), ("esme", "generate off")]
    assert noted.texts[0] == ("hands", "stimulus", "at the esme: generate on; it shows 1500 W")
