"""Names and topics that the population is drawn from. Nobody of them exists."""

from typing import Final

DAY: Final = 86_400  # seconds

_NAMES: Final = """
Ada Abara, Basil Brandt, Chiara Castillo, Dmitri Dahl, Elif Eriksen, Farah Fontaine, Goran Gruber,
Hana Haddad, Ines Ivanova, Jonas Jansen, Kofi Kaya, Lena Lindqvist, Mateo Moreau, Nadia Novak,
Oren Okafor, Priya Petrov, Quentin Quiroga, Rosa Rossi, Sami Sato, Tova Tanaka, Uma Ulrich,
Viktor Varga, Wanda Weber, Yusuf Zhang
"""
GIVEN: Final = tuple(name.split()[0] for name in _NAMES.split(","))
FAMILY: Final = tuple(name.split()[1] for name in _NAMES.split(","))
TOPICS: Final = (
    "an invoice that was charged twice",
    "the export that never arrives",
    "inviting a colleague",
    "the webhook that stopped on Friday",
    "changing the billing address",
    "a page that stays blank",
)
