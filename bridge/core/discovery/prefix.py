"""The prefix that a broker bridge puts before all topics.

The gateway behind it does not know: the base topic in its announcement lacks the prefix.
"""

from collections.abc import Iterator

FIRST_LEVEL = "+"
"""As a prefix: whatever the first level of the announce topic is."""


def with_prefix(base: str, prefix: str | None, topic: str) -> str:
    """The base topic as our broker has it, of an announcement on this topic.

    A base that begins with the prefix already is left, and so is one that was announced on a
    topic without the prefix.
    """
    if prefix is None:
        return base
    lead = topic.partition("/")[0] if prefix == FIRST_LEVEL else prefix
    if not topic.startswith(f"{lead}/") or f"{base}/".startswith(f"{lead}/"):
        return base
    return f"{lead}/{base}"


def bases_below(topic: str, base: str) -> Iterator[str]:
    """The same base below each sequence of leading levels of its announce topic."""
    end = topic.find("/")
    while end > 0:
        lead = topic[:end]
        if not f"{base}/".startswith(f"{lead}/"):
            yield f"{lead}/{base}"
        end = topic.find("/", end + 1)


def may_be_below(topic_filter: str, prefix: str | None) -> bool:
    """Whether a filter may match topics below the prefix."""
    if prefix is None or prefix == FIRST_LEVEL:
        return True
    wanted = topic_filter.split("/")
    for level, lead in zip(wanted, prefix.split("/"), strict=False):
        if level == "#":
            return True
        if level not in {FIRST_LEVEL, lead}:
            return False
    return len(wanted) > prefix.count("/") + 1 or wanted[-1] == "#"
