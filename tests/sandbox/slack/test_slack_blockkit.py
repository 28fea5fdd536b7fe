"""Block Kit's limits: what is at the limit passes, what is one over does not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.blockkit import problems, text_length

Block = dict[str, Any]


def mrkdwn(length: int) -> Block:
    return {"type": "mrkdwn", "text": "x" * length}


def plain(length: int) -> Block:
    return {"type": "plain_text", "text": "x" * length}


def button(**more: Any) -> Block:
    return {"type": "button", "text": plain(5), **more}


def buttons(count: int) -> list[Block]:
    return [button(action_id=str(number)) for number in range(count)]


@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (lambda n: [{"type": "divider"}] * n, 50),
        (lambda n: [{"type": "section", "text": mrkdwn(n)}], 3000),
        (lambda n: [{"type": "section", "fields": [mrkdwn(1)] * n}], 10),
        (lambda n: [{"type": "section", "fields": [mrkdwn(n)]}], 2000),
        (lambda n: [{"type": "header", "text": plain(n)}], 150),
        (lambda n: [{"type": "context", "elements": [mrkdwn(1)] * n}], 10),
        (lambda n: [{"type": "actions", "elements": buttons(n)}], 25),
        (lambda n: [{"type": "actions", "elements": [button(text=plain(n))]}], 75),
        (lambda n: [{"type": "actions", "elements": [button(value="x" * n)]}], 2000),
        (lambda n: [{"type": "actions", "elements": [button(url="x" * n)]}], 3000),
        (lambda n: [{"type": "actions", "elements": [button(action_id="x" * n)]}], 255),
        (lambda n: [{"type": "divider", "block_id": "x" * n}], 255),
        (lambda n: [{"type": "image", "image_url": "x" * n, "alt_text": "x"}], 3000),
        (lambda n: [{"type": "image", "image_url": "x", "alt_text": "x" * n}], 2000),
    ],
)
def test_the_limit_is_exact(make: Any, limit: int) -> None:
    assert problems(make(limit)) == []
    assert len(problems(make(limit + 1))) == 1


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ({}, "must be an array [json-pointer:/blocks]"),
        (["x"], "must be an object [json-pointer:/blocks/0]"),
        ([{"type": "video2"}], "unsupported type: video2 [json-pointer:/blocks/0/type]"),
        ([{"type": "section"}], "missing required field: text [json-pointer:/blocks/0]"),
        (
            [{"type": "section", "text": mrkdwn(0)}],
            "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            [{"type": "header", "text": mrkdwn(3)}],
            "must be one of: plain_text [json-pointer:/blocks/0/text/type]",
        ),
        (
            [{"type": "section", "fields": [mrkdwn(1), mrkdwn(2001)]}],
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/1/text]",
        ),
        (
            [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}],
            "`block_id` must be unique [json-pointer:/blocks/1/block_id]",
        ),
        (
            [{"type": "actions", "elements": [button(action_id="a"), button(action_id="a")]}],
            "`action_id` must be unique [json-pointer:/blocks/0/elements/1/action_id]",
        ),
        (
            [{"type": "actions", "elements": [button(style="green")]}],
            "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (
            [{"type": "context", "elements": [button()]}],
            "unsupported type: button [json-pointer:/blocks/0/elements/0/type]",
        ),
    ],
)
def test_a_problem_says_what_and_where(blocks: object, problem: str) -> None:
    assert problems(blocks) == [problem]


def test_the_text_of_all_blocks_is_counted() -> None:
    blocks = [{"type": "header", "text": plain(10)}, {"type": "section", "fields": [mrkdwn(7)] * 2}]
    assert text_length(blocks) == 24


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["type", "text", "fields", "elements", "accessory", "options"]),
                inner
                | st.sampled_from(["section", "context", "actions", "image", "button", "overflow"]),
            )
        ),
        max_leaves=20,
    )
)
def test_no_document_is_too_strange_to_judge(document: object) -> None:
    assert all(problem.endswith("]") for problem in problems(document))
