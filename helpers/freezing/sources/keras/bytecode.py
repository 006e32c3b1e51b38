"""Check marshalled Python code, and make a function of it."""

import dis
import marshal
from collections.abc import Iterator, Mapping
from types import CellType, CodeType, FunctionType
from typing import Any

ENDS = ("JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "RAISE_VARARGS", "RERAISE")


def function_of(
    data: bytes, defaults: Any, closure: Any, names: Mapping[str, Any]
) -> FunctionType:
    """The function whose code was marshalled.

    Args:
      defaults: the default values of its last arguments, or None.
      closure: the values of the variables that it took from around it, or None.
      names: the values of its global names.
    """
    code = marshal.loads(data)
    cells = tuple(CellType(value) for value in closure or ())
    values = tuple(defaults) if defaults else None
    return FunctionType(code, dict(names), code.co_name, values, cells)


def global_names(data: bytes) -> list[str]:
    """The names that the code looks up outside of itself."""
    return list(dict.fromkeys(_global_names(marshal.loads(data))))


def _global_names(code: CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield step.argval
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _global_names(value)


def fault_of(data: bytes) -> str | None:
    """Why this Python cannot run the code, or None if it can.

    Bytecode of another version may crash the process. The names and constants, the
    jumps and the depth of the stack of every instruction are checked instead.
    """
    try:
        found = marshal.loads(data)
    except (EOFError, ValueError, TypeError) as error:
        return f"it does not load: {error}"
    if not isinstance(found, CodeType):
        return "it is no code"
    return _fault(found)


def _fault(code: CodeType) -> str | None:
    """The first fault of the code or of a function in it."""
    try:
        steps = list(dis.get_instructions(code))
    except (IndexError, ValueError, TypeError, KeyError) as error:
        return f"its instructions do not fit its names ({error})"
    unknown = [step.opname for step in steps if step.opname.startswith("<")]
    if unknown:
        return f"it has an unknown instruction, {unknown[0]}"
    if "RESUME" in dis.opmap and "RESUME" not in {step.opname for step in steps}:
        return "it does not begin as functions of this version do"
    fault = _stack_fault(code, steps)
    if fault:
        return fault
    inner = (value for value in code.co_consts if isinstance(value, CodeType))
    return next((fault for value in inner if (fault := _fault(value))), None)


def _stack_fault(code: CodeType, steps: list[dis.Instruction]) -> str | None:
    """Whether the stack's depth leaves its bounds on the way to any instruction."""
    places = {step.offset: index for index, step in enumerate(steps)}
    depths: dict[int, int] = {}
    ahead = [(0, 0)]
    while ahead:
        index, depth = ahead.pop()
        if index >= len(steps):
            return "it runs past its end"
        if index in depths:
            continue
        depths[index] = depth
        step = steps[index]
        takes_argument = step.opcode >= dis.HAVE_ARGUMENT
        argument = step.arg if takes_argument else None
        jumps = step.opcode in dis.hasjrel or step.opcode in dis.hasjabs
        if step.opname.startswith("RETURN_") and step.opname != "RETURN_GENERATOR":
            if depth < (0 if step.opname == "RETURN_CONST" else 1):
                return "it returns nothing"
            continue
        for jump in (False, True) if jumps else (False,):
            try:
                after = depth + dis.stack_effect(step.opcode, argument, jump=jump)
            except ValueError as error:
                return str(error)
            if not 0 <= after <= code.co_stacksize + 1:
                return "its instructions use the stack as no code of this version does"
            target = places.get(step.argval) if jump else index + 1
            if target is None:
                return "it jumps into the middle of an instruction"
            if jump or step.opname not in ENDS:
                ahead.append((target, after))
    return None
