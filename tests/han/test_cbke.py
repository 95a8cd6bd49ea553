"""Key establishment against the vectors of Smart Energy for both suites, its curves against OpenSSL."""

import random
import subprocess

import pytest

from bench.han.binary_curve import SECT163K1, SECT283K1
from bench.han.cbke import SUITE_1, SUITE_2, Derived, Identity, shared_secret
from bench.han.errors import HanError
from tests.tools import need

#: suite -> authority; of initiator and responder: certificate, private, public, ephemeral private, ephemeral point
VECTORS = {
    SUITE_1: (
        "0200fde8a7f3d1084224962a4e7c54e69ac3f04da6b8",
        (
            "020615e07d30eca2dad58002e667d94bc1b4223983070000000000000002544553545345434101090006000000000000",
            "01e9ddb5580cf72ece7f215f0ae594e48df3e7fee8",
            "03025bba38d0c7b5436b68df728f093e7a1d6c437e6d",
            "0013d36de4b1ea8e22739c381370823f404bff8862",
            "0300e117c86d0e7cd128b2f34e9076cff24af46d7288",
        ),
        (
            "03045fdfc8d85ffb8b3993cb72ddcaa55f00b3e87d6d0000000000000001544553545345434101090006000000000000",
            "00b8a900fcadebabbfa383b540fce9ed438395eaa7",
            "030290a1f5c08dad5f2945e335620c7a98fac46666a1",
            "03d48c7210ddbcc4fb2e5e7a0aa16a0db89540820b",
            "0306ab52062201d995b8b8591f3f086a3a2e214d845e",
        ),
    ),
    SUITE_2: (
        "0207a445022d9f39f49bdc38380026a27a9e0a1799313ab28c5c1a1c6b605154db1dff6752",
        (
            "0084a933b37f018dec0d081112131415161718005292a38affffffff0a0b0c0d0e0f1012"
            "8803076277e2f7e2252b16a0e92b6e8771bb3f207946cbd4a45d9a9df6edab8c796a48e89dec",
            "00f2561adb39ef49c1d62ef5186c6e0c158a5a45bfce38660931acc3694592d5acde9006",
            "03030e56f7ade866e76372764ba20a9ff1fe4cae522f94839e70f2adfc1ca3e97f4ddcaf2e",
            "0013d36de4b1ea8e22739c381370823f404bff8862b521feca9871fb3691846d361304b4",
            "0305f3394e15680660eecaa36788d9b6f312b971ce2c9617570bf7dfcd21c972017762c332",
        ),
        (
            "002622a505e8938f270d081112131415161718005292a35bffffffff0a0b0c0d0e0f1011"
            "880303b4e9dc543a64333c982308022b54e67e2f15f532551b0a11e2e2c1c1d3097a4324e7ed",
            "0151cd0dbcb80474bf7ac9feebe39c7a32a63518938fca9754aae132bc9c73be94a7e1be",
            "0202f4fa2a3040433c6820299d182a1042e41404e337c57f47716b42dfaf970f1580a04c9b",
            "03d48c7210ddbcc4fb2e5e7a0aa16a0db89540820b8dc091ab521ea824afe117cade995b",
            "03009a5131cf5b92a016378c0f7f284ecd47f94010f875d43bf1e9a65474adbfc63696a930",
        ),
    ),
}
#: suite -> shared secret, link key, confirmation of initiator and responder
DERIVED = {
    SUITE_1: (
        "00e0d2c3ccd5c106a89c4f6cc26a5f7ec9df78a7be",
        "86d58aaa998e2faefaf9fef49606543a",
        "b82f1f9774740c32f80fcfc3921b6420",
        "79d5f2ad1c31d4d1ee7cb719ac683c3c",
    ),
    SUITE_2: (
        "04f7724a9a77b21d2747ccef68a457e45246c4be9f66fd9425227bcb2cc5180ea9cccb9a",
        "aa4689c70be0faf0c9be534abd9f4cdc",
        "bf7e1a26d4ef7038b56813e465a131c9",
        "c5b432a9995a092f4449f83613930064",
    ),
}
CURVES = [SECT163K1, SECT283K1]


def _named(suite):
    return f"suite {suite.number}"


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_base_point_has_its_order(curve):
    assert curve.contains(curve.base)
    assert curve.scale(curve.order, curve.base) is None
    assert curve.decompress(curve.compress(curve.base)) == curve.base


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_multiples_are_those_of_openssl(curve, tmp_path):
    openssl = need("openssl")
    for number in range(3):
        key = tmp_path / f"{number}.pem"
        made = ["ecparam", "-name", curve.name, "-genkey", "-noout", "-out", str(key)]
        subprocess.run([openssl, *made], check=True, capture_output=True)
        shown = ["ec", "-in", str(key), "-text", "-noout", "-conv_form", "compressed"]
        text = subprocess.run([openssl, *shown], check=True, capture_output=True, text=True).stdout
        private, public = (
            "".join(text.partition(f"{name}:")[2].partition(after)[0].split()).replace(":", "")
            for name, after in (("priv", "pub:"), ("pub", "ASN1"))
        )
        assert curve.compress(curve.scale(int(private, 16), curve.base)).hex() == public


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_group_laws(curve):
    rng = random.Random(7)
    for _ in range(4):
        one, other = rng.randrange(curve.order), rng.randrange(curve.order)
        points = [curve.scale(number, curve.base) for number in (one, other)]
        assert curve.add(*points) == curve.scale(one + other, curve.base)
        negative = curve.scale(curve.order - one, curve.base)
        assert curve.add(points[0], negative) is None
        assert curve.add(points[0], points[0]) == curve.scale(2, points[0])
        assert curve.multiply(one, curve.invert(one)) == 1
        assert curve.square(one) == curve.multiply(one, one)


@pytest.mark.parametrize("suite", VECTORS, ids=_named)
def test_implicit_certificates(suite):
    authority, *sides = VECTORS[suite]
    curve = suite.curve
    for certificate, private, public, ephemeral, point in sides:
        key = suite.public_key(bytes.fromhex(certificate), curve.decompress(bytes.fromhex(authority)))
        assert curve.compress(key).hex() == public
        assert curve.scale(int(private, 16), curve.base) == key
        assert curve.compress(curve.scale(int(ephemeral, 16), curve.base)).hex() == point


@pytest.mark.parametrize("suite", VECTORS, ids=_named)
def test_key_agreement(suite):
    authority, *sides = VECTORS[suite]
    secret, link_key, one, other = map(bytes.fromhex, DERIVED[suite])
    holders = [
        Identity(bytes.fromhex(side[0]), int(side[1], 16), suite.curve.decompress(bytes.fromhex(authority)), suite)
        for side in sides
    ]
    points = [bytes.fromhex(side[4]) for side in sides]
    for me, they in ((0, 1), (1, 0)):
        ephemeral = int(sides[me][3], 16)
        assert shared_secret(holders[me], ephemeral, holders[they].certificate, points[they]) == secret
    subjects = [suite.subject(holder.certificate) for holder in holders]
    derived = Derived.of(secret, *subjects, tuple(points))
    assert (derived.link_key, derived.confirm_initiator, derived.confirm_responder) == (link_key, one, other)


def test_issued_certificates_agree():
    curve, rng = SECT283K1, random.Random(3)
    authority = rng.randrange(curve.order)
    root = curve.scale(authority, curve.base)
    holders = []
    for subject in (bytes(range(8)), bytes(range(8, 16))):
        mine, theirs = rng.randrange(curve.order), rng.randrange(curve.order)
        certificate, contribution = SUITE_2.issue(
            authority, curve.scale(mine, curve.base), theirs, subject, b"TESTSECA", bytes(8)
        )
        private = SUITE_2.private_key(certificate, mine, contribution)
        assert curve.scale(private, curve.base) == SUITE_2.public_key(certificate, root)
        assert (SUITE_2.subject(certificate), SUITE_2.issuer(certificate)) == (subject, b"TESTSECA")
        holders.append(Identity(certificate, private, root))
    numbers = [rng.randrange(curve.order) for _ in holders]
    points = [curve.compress(curve.scale(number, curve.base)) for number in numbers]
    first = shared_secret(holders[0], numbers[0], holders[1].certificate, points[1])
    assert first == shared_secret(holders[0], numbers[0], holders[1].certificate, points[1], points[0])
    assert first == shared_secret(holders[1], numbers[1], holders[0].certificate, points[0])
    other = Identity(holders[0].certificate, holders[0].private_key + 1, root)
    assert first != shared_secret(other, numbers[0], holders[1].certificate, points[1])


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x02", b"\x04" + bytes(36), b"\x02" + bytes(36), b"\x02" + b"\xff" * 36, b"\x02" + bytes(35)],
    ids=["nothing", "no x", "not compressed", "x zero", "x too large", "x too short"],
)
def test_octets_that_are_no_point(octets):
    with pytest.raises(HanError, match="curve"):
        SECT283K1.decompress(octets)


def test_half_of_the_numbers_are_no_x():
    refused = 0
    for x in range(1, 40):
        try:
            assert SECT283K1.contains(SECT283K1.decompress(b"\x02" + x.to_bytes(36, "big")))
        except HanError:
            refused += 1
    assert 8 < refused < 32


def test_certificate_of_the_wrong_length():
    with pytest.raises(HanError, match="74 octets, not 48"):
        SUITE_2.public_key(bytes(48), None)
