#!/usr/bin/env python3
"""Writes what Python's Jinja makes of the chat templates in runner/tests/chat_templates.

    pip install jinja2==3.1.6
    scripts/chat-template-truth.py

Settings are those with which HuggingFace's transformers render chat templates. The result,
expected.json, is what our own rendering is tested against; review its changes like code.
"""
import datetime
import json
import pathlib

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = pathlib.Path(__file__).parent.parent / "runner/tests/chat_templates"
# The day that the tests tell the templates.
DAY = datetime.datetime(2024, 7, 26)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
HOSTILE = (
    "  \n Two\r\nlines, größe 字 🙂, \"quoted\" 'it' \\ </think> {{ 7 * 7 }} {% raw %}"
    " <|im_end|> & <b>\u00a0\t "
)
CASES = {
    "plain": [("user", "Hi")],
    "system": [("system", "Be brief.\nReally."), ("user", "What is 2+2?")],
    "hostile": [("user", HOSTILE)],
    "hostile_system": [("system", HOSTILE), ("user", "\x1cseparators\x1f \x0b")],
}


class Generation(Extension):
    """The tag by which transformers mark what an assistant says; a scope, and nothing else."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("inner")
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def inner(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def environment():
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = DAY.strftime
    return made


def outcome(source, messages):
    messages = [{"role": role, "content": content} for role, content in messages]
    try:
        text = environment().from_string(source).render(
            messages=messages, tools=None, documents=None, add_generation_prompt=True, **TOKENS
        )
    except jinja2.exceptions.TemplateError as error:
        return {"raises": str(error)}
    return {"text": text}


def main():
    expected = {
        # Bytes, so that the line ends stay as they are.
        path.stem: {
            case: {"messages": messages, **outcome(path.read_bytes().decode(), messages)}
            for case, messages in CASES.items()
        }
        for path in sorted(FOLDER.glob("*.jinja"))
    }
    text = json.dumps(expected, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (FOLDER / "expected.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
