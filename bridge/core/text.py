"""Texts of strangers, as people may see them."""


def visible(text: str, instead: str = "") -> str:
    """The text with control, direction and other invisible characters replaced."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else instead for letter in text)
