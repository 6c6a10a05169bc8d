"""The reference of a web interface as HTML: what FastAPI's own page shows, without its scripts."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

Node = Mapping[str, Any]


def reference(schema: Node) -> str:
    """Write the operations of an OpenAPI schema as HTML.

    Args:
        schema: The schema, as FastAPI makes it.
    """
    parts = [
        f"<h1>{escape(schema['info']['title'])} {escape(schema['info']['version'])}</h1>",
        f"<p>{escape(schema['info'].get('description', ''))} The schema itself is "
        '<a href="openapi.json">openapi.json</a>.</p>',
    ]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            parts += _operation(f"{method.upper()} {path}", operation, schema)
    return "\n".join(parts)


def _operation(name: str, operation: Node, schema: Node) -> Iterable[str]:
    """Write what an operation takes and returns."""
    yield f"<h2><code>{escape(name)}</code></h2>\n<p>{escape(operation.get('summary', ''))}.</p>"
    if "requestBody" in operation:
        yield "<h3>Request</h3>"
        yield from _content(operation["requestBody"], schema)
    refused = []
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield f"<h3>Answer {escape(status)}</h3>"
            yield from _content(answer, schema)
        else:
            refused.append((status, answer["description"]))
    if refused:
        yield "<h3>Errors</h3>"
        yield _table(("status", "meaning"), refused)


def _content(body: Node, schema: Node) -> Iterable[str]:
    """Write the fields of a body, those of its records, and an example."""
    for kind, content in body["content"].items():
        yield f"<p>{escape(kind)}</p>"
        yield from _record(content["schema"], schema)


def _record(node: Node, schema: Node, of: str = "") -> Iterable[str]:
    """Write the fields of a record, and then the records inside."""
    node = _resolved(node, schema)
    required = node.get("required", ())
    rows, inner = [], []
    for name, field in node.get("properties", {}).items():
        default = "" if "default" not in field else f" Default: {json.dumps(field['default'])}."
        needed = "required" if name in required else ""
        rows.append((name, _type(field), needed, field.get("description", "") + default))
        if field.get("type") == "array":
            inner.append((name, field["items"]))
    if of:
        yield f"<p>Each of <code>{escape(of)}</code>:</p>"
    yield _table(("field", "type", "", "meaning"), rows)
    for example in node.get("examples", ()):
        yield f"<pre>{escape(json.dumps(example, ensure_ascii=False))}</pre>"
    for name, items in inner:
        if "properties" in _resolved(items, schema):
            yield from _record(items, schema, name)


def _resolved(node: Node, schema: Node) -> Node:
    """Follow a reference to a record."""
    if "$ref" not in node:
        return node
    found: Node = schema["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    return found


def _type(field: Node) -> str:
    """Name the type of a field, with its limits."""
    if "const" in field:
        return json.dumps(field["const"])
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    name = str(field.get("type", "object"))
    if name == "array":
        return f"list of {_type(field['items'])}s"
    if "minimum" in field and "maximum" in field:
        name += f" from {field['minimum']:g} to {field['maximum']:g}"
    return name


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table of texts; the first column holds names."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    lines = []
    for first, *others in rows:
        cells = "".join(f"<td>{escape(one)}</td>" for one in others)
        lines.append(f'<tr><th scope="row"><code>{escape(first)}</code></th>{cells}</tr>')
    body = "\n".join(lines)
    return (
        f'<div class="wide"><table class="words"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
