from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.message import Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import Example, NluExamples
from frontdesk.errors import ConfigError, MissingExtra
from frontdesk.nlu.jieba_tokenizer import JiebaTokenizer
from tests.engine.nlu.conftest import pipeline

needs_jieba = pytest.mark.skipif(
    importlib.util.find_spec("jieba") is None, reason="the extra jieba is not installed"
)
CHINESE = {
    "greet": ("你好", "早上好", "大家好", "您好", "晚上好", "你好啊"),
    "weather": ("今天天气怎么样", "明天会下雨吗", "北京的天气", "上海会下雪吗", "天气冷吗", "周末天气如何"),
}  # fmt: skip


@needs_jieba
def test_words_are_cut_and_own_ones_are_known(tmp_path: Path) -> None:
    own = tmp_path / "words"
    own.mkdir()
    (own / "a.txt").write_text("今天天气\n", "utf-8")
    knowing = JiebaTokenizer({"dictionary_path": str(own)})
    knowing.train(NluExamples(), TrainContext())
    text = "今天天气 怎么样"
    tokens = knowing.process([Message(text)])[0].tokens
    assert [(t.text, t.start, t.end) for t in tokens] == [("今天天气", 0, 4), ("怎么样", 5, 8)]
    saved = tmp_path / "saved"
    saved.mkdir()
    knowing.save(saved)
    again = JiebaTokenizer({"dictionary_path": "no longer there"})
    again.load(saved, LoadContext())
    assert again.process([Message(text)])[0].tokens == tokens


@needs_jieba
def test_a_chinese_pipeline_learns() -> None:
    examples = NluExamples(
        tuple(Example(text, intent) for intent, group in CHINESE.items() for text in group)
    )
    made = pipeline("JiebaTokenizer", "DIETClassifier")
    made.train(examples, TrainContext(language="zh"))
    found = made.process(["你们好", "明天天气怎么样"])
    assert [m.intent.name for m in found if m.intent] == ["greet", "weather"]


@needs_jieba
def test_a_folder_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match="there is no folder 'nowhere'"):
        JiebaTokenizer({"dictionary_path": "nowhere"}).train(NluExamples(), TrainContext())


def test_the_extra_is_named_where_jieba_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    find: Any = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jieba" else find(name))
    with pytest.raises(MissingExtra, match=r"pip install 'frontdesk\[jieba\]'"):
        JiebaTokenizer()
