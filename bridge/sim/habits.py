"""Payloads that some chargers publish besides, or instead of, measurements."""

from random import Random

from bridge.sim.documents import Members

NOT_A_NUMBER = float("nan")
ODD: Members = [
    ("amp", -1),
    ("amp1", -5.5),
    ("temp1", False),
    ("temp1", -2560),
    ("temp1", -256),
    ("voltage", NOT_A_NUMBER),
    ("v1", 3.2e6),
    ("pilot", "garbage"),
    ("pilot", ""),
    ("wh", "12,5"),
    ("state", 596),
    ("state", 253),
    ("freeram", 4_294_967_295),
    ("srssi", 31),
    ("tesla/batteryRange", 211.5),
    ("unheard_of", True),
    ("amp2", None),
    ("amp3", {"value": 3}),
]
_MOST_ODD = 3

# As newer firmware retains them, names of people and networks included.
DOCUMENTS = (
    ("config", '{"ssid":"depot-chargers","www_username":"anna","mqtt_user":"evse"}'),
    ("claim", '{"state":"disabled","charge_current":10}'),
    ("override", "{}"),
    ("schedule", '[{"id":1,"state":"active","time":"22:00:00","days":["monday"]}]'),
    ("limit", '{"type":"energy","value":12000,"auto_release":true}'),
)
COMMANDS = (
    ("rapi/in/$SC", "13"),
    ("rapi/in/$GS", ""),
    ("divertmode/set", "1"),
    ("override/set", '{"state":"active"}'),
)


def with_odd_values(members: Members, rng: Random) -> Members:
    """The same document with up to three members replaced, or added at its end."""
    strange = dict(rng.sample(ODD, rng.randint(1, _MOST_ODD)))
    known = {name for name, _ in members}
    kept: Members = [(name, strange.get(name, value)) for name, value in members]
    return kept + [(name, value) for name, value in strange.items() if name not in known]
