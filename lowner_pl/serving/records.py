"""Requests, answers and errors that clients and server exchange."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TagRequest(BaseModel):
    """A text to tag."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"text": "Wangari Maathai alizaliwa Nyeri."}]},
    )

    text: str = Field(description="The text, with any number of sentences.")
    min_confidence: float = Field(
        0.0, ge=0, le=1, description="Entities below this confidence are left out."
    )


class EntityRecord(BaseModel):
    """An entity in the text."""

    start: int = Field(description="Position of its first character, counting from 0.")
    end: int = Field(description="Position after its last character.")
    type: str = Field(description="Entity type such as PER.")
    text: str = Field(description="The entity as it stands in the text.")
    confidence: float = Field(description="Probability that type and both borders are right.")


class TagAnswer(BaseModel):
    """The text with its entities."""

    text: str = Field(description="The text as it was sent.")
    entities: list[EntityRecord] = Field(description="The entities in the order of the text.")
    offsets: Literal["code points"] = Field(
        description="What start and end count: Unicode code points, as Python does. JavaScript "
        "and Java count UTF-16 units; there, a character such as 😀 has two.",
    )


class Health(BaseModel):
    """The state of the server."""

    status: Literal["ok"] = "ok"
    version: str = Field(description="Version of lowner_pl.")
    run: str = Field(description="The run or checkpoint that tags.")
    language: str | None = Field(description="Code of the language of the training data.")
    entity_types: list[str] = Field(description="The types that the tagger finds.")
    requests: int = Field(description="Requests that are received, waiting or tagged now.")
    max_requests: int = Field(description="Most such requests; more are answered with 503.")
    max_characters: int = Field(description="Most characters of a text.")
    max_seconds: float = Field(description="Most seconds to answer a request.")


class Problem(BaseModel):
    """What was wrong, in one sentence."""

    detail: str
