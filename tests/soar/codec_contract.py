"""What holds for every codec. A platform's test class inherits `CodecContract` and says how to read its output."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from vt_connectors.adapters.soar import outcome
from vt_connectors.adapters.soar.exchange import Codec

from .outcomes import KEY, Case, cases


class CodecContract:
    """`PLATFORM` is its name in docs/platforms.md. `MEANS` says for each outcome what the platform makes of it, in the
    words of the table there.
    """

    PLATFORM: ClassVar[str]
    MEANS: ClassVar[Mapping[str, str]]
    # Whether one input can have several values.
    TAKES_LISTS: ClassVar[bool] = False

    @property
    def codec(self) -> Codec[Any, Any]:
        raise NotImplementedError

    def given(self, cases: Sequence[Case]) -> Any:
        """The platform's input that asks about these values."""
        raise NotImplementedError

    def means(self, output: Any, case: Case) -> str:
        """What the platform makes of the part of `output` that is about `case`, as in `MEANS`."""
        raise NotImplementedError

    def output(self, *asked: Case) -> Any:
        return self.codec.output(self.given(asked), [case.response for case in asked])

    @pytest.mark.parametrize("name", outcome.OUTCOMES)
    def test_each_outcome_means_what_the_documentation_says(self, name: str) -> None:
        case = cases()[name]
        assert self.means(self.output(case), case) == self.MEANS[name]

    def test_unknown_is_no_failure_and_no_failure_is_unknown(self) -> None:
        failures = {self.MEANS[name] for name in outcome.OUTCOMES if name not in outcome.ANSWERS}
        assert not failures & {self.MEANS[name] for name in outcome.ANSWERS}

    def test_each_value_is_asked_about_once_and_as_it_is(self) -> None:
        for case in cases().values():
            requests = self.codec.requests(self.given([case]))
            assert len(requests) == 1
            assert case.value in requests[0]["params"].values()

    def test_one_failure_loses_no_other_answer(self) -> None:
        if not self.TAKES_LISTS:
            pytest.skip(f"{self.PLATFORM} asks about one value at a time")
        asked = [case for case in cases().values() if case.kind == "hash"]
        output = self.output(*asked)
        assert [self.means(output, case) for case in asked] == [self.means(self.output(case), case) for case in asked]

    @pytest.mark.parametrize("name", outcome.OUTCOMES)
    def test_the_output_is_json_and_without_keys(self, name: str) -> None:
        text = json.dumps(self.output(cases()[name]), default=vars)
        assert KEY not in text
        assert "wrong-key" not in text
