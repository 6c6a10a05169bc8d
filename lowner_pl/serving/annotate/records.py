"""Messages from the page to the server."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PartRecord(BaseModel):
    """An entity; positions count words."""

    model_config = ConfigDict(extra="forbid", strict=True)

    start: int = Field(ge=0, description="Position of its first word, counting from 0.")
    end: int = Field(ge=1, description="Position after its last word.")
    type: str = Field(description="Entity type such as PER.")


class Decision(BaseModel):
    """What to do with the sentence that is shown."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(description="The sentence.")
    version: int = Field(description="The version of the state in which it was shown.")
    action: Literal["accept", "skip"] = Field(description="What to do.")
    entities: list[PartRecord] = Field(description="Its entities.")


class Undoing(BaseModel):
    """A wish to take back the latest decision."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: int = Field(description="The version of the state in which this was asked for.")
