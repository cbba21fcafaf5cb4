"""FEEL text to a syntax tree, by recursive descent over the grammar of DMN 1.5, clause 10.3.1.

A name is the longest sequence of words and symbols that is a name in scope. Words that follow each other
and are no such name are read as one unknown name: it may still be an entry of the items that a filter looks
at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from referee.feel import syntax
from referee.feel.builtins import BUILTINS
from referee.feel.fault import Fault
from referee.feel.lexer import END, NAME, NUMBER, STRING, Token, unescape
from referee.feel.names import Names, names_of
from referee.feel.syntax import Node
from referee.feel.syntax_error import FeelSyntaxError
from referee.feel.token_reader import ENDS_NAME, too_deep
from referee.feel.type_reader import TypeReader
from referee.feel.values.numbers import to_number

_Tree = TypeVar("_Tree")

_OR, _AND, _COMPARISON, _ADDITIVE, _MULTIPLICATIVE, _POWER, _NEGATION = range(1, 8)
_ARITHMETIC: Final = {
    "+": _ADDITIVE,
    "-": _ADDITIVE,
    "*": _MULTIPLICATIVE,
    "/": _MULTIPLICATIVE,
    "**": _POWER,
}
_COMPARATORS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
_RELATIONS: Final = _COMPARATORS | {"between", "in"}
_CONTINUES_OPERAND: Final = frozenset({*_ARITHMETIC, ".", "[", "(", "instance"})
_LITERALS: Final = frozenset({"true", "false", "null"})
_FORMS: Final = frozenset({"if", "for", "some", "every", "function"})
_BUILT_IN_NAMES: Final = Names(BUILTINS)


def parse_expression(
    text: str, names: Iterable[str] = (), members: Iterable[str] = (), types: Iterable[str] = ()
) -> Node:
    """The syntax tree of an expression; raises ``FeelSyntaxError``.

    ``names`` are the names in scope (they may hold spaces and symbols), ``members`` names of context
    entries that hold symbols, such as ``first-name`` in ``customer.first-name``, and ``types`` names of the
    model's own types.
    """
    parser = _Parser(text, _prepared(names), _prepared(members), _prepared(types))
    return _guarded(parser, _Parser.whole_expression)


def parse_unary_tests(
    text: str, names: Iterable[str] = (), members: Iterable[str] = (), types: Iterable[str] = ()
) -> syntax.UnaryTestsNode:
    """The syntax tree of an input cell; raises ``FeelSyntaxError``. Names as for expressions."""
    parser = _Parser(text, _prepared(names), _prepared(members), _prepared(types))
    return _guarded(parser, _Parser.whole_unary_tests)


def _prepared(names: Iterable[str]) -> Names:
    return names if isinstance(names, Names) else names_of(frozenset(names))


def _guarded(parser: _Parser, parse: Callable[[_Parser], _Tree]) -> _Tree:
    try:
        return parse(parser)
    except RecursionError:  # a caller deep in its own stack leaves less room than MAX_NESTING assumes
        raise too_deep(parser.text) from None


class _Parser(TypeReader):
    """Reads expressions and input cells."""

    def __init__(self, text: str, names: Names, members: Names, types: Names) -> None:
        super().__init__(text, types)
        self._scopes = [names, _BUILT_IN_NAMES]
        self._members = [members]
        self._in_interval = False

    def whole_expression(self) -> Node:
        if self._tokens[0].kind == END:
            raise FeelSyntaxError(
                "nothing is written here; write an expression", (0, len(self.text)), self.text
            )
        node = self._expression()
        self._expect_end()
        return node

    def whole_unary_tests(self) -> syntax.UnaryTestsNode:
        tokens = self._tokens
        if tokens[0].kind == END:
            raise FeelSyntaxError(
                "nothing is written here; write a test, or `-` for any value",
                (0, len(self.text)),
                self.text,
            )
        if tokens[0].text == "-" and tokens[1].kind == END:
            return syntax.AnyValue((tokens[0].start, tokens[0].end))
        if tokens[0].text != "not" or tokens[1].text != "(":
            return self._positive_tests()
        try:
            return self._negated_tests()
        except FeelSyntaxError as error:  # the cell may be an expression that begins with a call of `not`
            refusal = error
        self._position = self._nesting = self._height = 0
        try:
            return self._positive_tests()
        except FeelSyntaxError:
            raise refusal from None

    def _positive_tests(self) -> syntax.Tests:
        tests = self._tests()
        self._expect_end()
        return syntax.Tests(tests, False, self._span(0))

    def _negated_tests(self) -> syntax.Tests:
        self._position = 2
        tests = self._tests()
        self._expect(")", "close `not(` with `)`")
        self._expect_end()
        return syntax.Tests(tests, True, self._span(0))

    # Expressions

    def _tests(self) -> tuple[Node, ...]:
        tests = [self._expression()]
        height = self._height
        while self._accept(","):
            tests.append(self._expression())
            height = max(height, self._height)
        self._raise_height(height)
        return tuple(tests)

    def _expression(self) -> Node:
        if self._tokens[self._position].text in _COMPARATORS:
            return self._test()
        return self._operation(_OR)

    def _test(self) -> Node:
        """A comparison without left side; it is complete in itself."""
        first = self._position
        operator = self._tokens[first].text
        self._position += 1
        endpoint = self._operation(_ADDITIVE)
        self._raise_height(0)
        following = self._tokens[self._position].text
        if following in ("and", "or") and not self._nesting:
            meant = f"`? {operator} ... {following} ? ...`"
            if following == "and":
                meant += ", or a range such as `[1..10]`"
            self._fail(f"`{following}` can't join tests", f"write {meant}")
        return syntax.Test(operator, endpoint, self._span(first))

    def _operation(self, level: int) -> Node:
        """Operators that bind at least as tightly as ``level``; Pratt's method."""
        first = self._position
        token = self._tokens[first]
        node = self._negation() if token.text == "-" else self._instance_of()
        while True:
            token = self._tokens[self._position]
            text = token.text
            binding = _ARITHMETIC.get(text)
            if binding is not None:
                if binding < level:
                    return node
                height = self._height
                self._position += 1
                right = self._operation(binding + 1)
                self._raise_height(height)
                node = syntax.Arithmetic(text, node, right, self._span(first))
            elif text in _RELATIONS:
                if level > _COMPARISON:
                    return node
                node = self._relation(text, node, first)
            elif text == "and":
                if level > _AND:
                    return node
                node = syntax.Conjunction(self._operands(node, "and", _COMPARISON), self._span(first))
            elif text == "or":
                if level > _OR:
                    return node
                node = syntax.Disjunction(self._operands(node, "or", _AND), self._span(first))
            else:
                return node

    def _operands(self, left: Node, word: str, level: int) -> tuple[Node, ...]:
        operands = [left]
        height = self._height
        while self._accept(word):
            operands.append(self._operation(level))
            height = max(height, self._height)
        self._raise_height(height)
        return tuple(operands)

    def _relation(self, text: str, left: Node, first: int) -> Node:
        height = self._height
        self._position += 1
        if text == "between":
            low = self._operation(_ADDITIVE)
            height = max(height, self._height)
            self._expect("and", "write `x between a and b`")
            high = self._operation(_ADDITIVE)
            self._raise_height(height)
            return syntax.Between(left, low, high, self._span(first))
        if text == "in":
            tests = self._tests_after_in()
            self._raise_height(height)
            return syntax.In(left, tests, self._span(first))
        right = self._operation(_ADDITIVE)
        self._raise_height(height)
        return syntax.Comparison(text, left, right, self._span(first))

    def _tests_after_in(self) -> tuple[Node, ...]:
        """The tests in brackets, or one test without; ``(a) + 1`` and ``(1..5)`` are one test as well."""
        if self._tokens[self._position].text in _COMPARATORS:
            return (self._test(),)
        first = self._position
        if self._accept("("):
            tests = self._bracketed_tests(first)
            following = self._tokens[self._position].text
            if tests and (len(tests) > 1 or following not in _CONTINUES_OPERAND):
                return tests
            self._attempt_again()
            self._position = first
        return (self._operation(_ADDITIVE),)

    def _bracketed_tests(self, first: int) -> tuple[Node, ...]:
        """The tests up to the closing bracket, or the one range that the bracket opens."""
        self._enter()
        in_interval, self._in_interval = self._in_interval, False
        tests = self._tests()
        if len(tests) > 1:
            self._expect(")", "close `in (` with `)`")
        elif self._accept(".."):
            tests = (self._interval(tests[0], False, first),)
        elif not self._accept(")"):
            tests = ()
        self._in_interval = in_interval
        self._nesting -= 1
        return tests

    def _negation(self) -> Node:
        first = self._position
        self._position += 1
        self._enter()
        operand = self._operation(_NEGATION)
        self._nesting -= 1
        if isinstance(operand, syntax.Number):
            return syntax.Number(-operand.value if operand.value else operand.value, self._span(first))
        self._raise_height(0)
        return syntax.Negation(operand, self._span(first))

    def _instance_of(self) -> Node:
        first = self._position
        node = self._postfix()
        while (
            self._tokens[self._position].text == "instance" and self._tokens[self._position + 1].text == "of"
        ):
            self._position += 2
            type_ = self._type()
            self._raise_height(0)
            node = syntax.InstanceOf(node, type_, self._span(first))
        return node

    def _postfix(self) -> Node:
        first = self._position
        node = self._primary()
        while True:
            text = self._tokens[self._position].text
            if text == ".":
                self._position += 1
                name = self._member()
                self._raise_height(0)
                node = syntax.Path(node, name, self._span(first))
            elif text == "[":
                filtered = self._filter(node, first)
                if filtered is None:
                    return node
                node = filtered
            elif text == "(":
                node = self._call(node, first)
            else:
                return node

    def _filter(self, source: Node, first: int) -> Node | None:
        """A filter, or None where ``[`` closes an interval that excludes its end: ``[1..10[``."""
        start, height = self._position, self._height
        nesting = self._nesting
        in_interval, self._in_interval = self._in_interval, False
        try:
            self._position += 1
            self._enter()
            condition = self._expression()
            self._nesting -= 1
            self._expect("]", "close `[` with `]`")
        except FeelSyntaxError:
            if not in_interval:
                raise
            self._attempt_again()
            self._position, self._height, self._nesting = start, height, nesting
            return None
        finally:
            self._in_interval = in_interval
        self._raise_height(height)
        return syntax.Filter(source, condition, self._span(first))

    def _call(self, function: Node, first: int) -> Node:
        height = self._height
        self._position += 1
        self._enter()
        in_interval, self._in_interval = self._in_interval, False
        arguments: list[Node] = []
        names: list[str] = []
        if not self._accept(")"):
            while True:
                name = self._argument_name()
                if name is not None:
                    if name in names:
                        self._position -= 1
                        self._fail(f"the parameter {name} is given twice")
                    names.append(name)
                if len(names) not in (0, len(arguments) + 1):
                    self._fail("an argument lacks its name", "name either all arguments or none")
                arguments.append(self._expression())
                height = max(height, self._height)
                if self._accept(")"):
                    break
                self._expect_comma(")", "separate arguments with commas and close them with `)`")
        self._in_interval = in_interval
        self._nesting -= 1
        self._raise_height(height)
        return syntax.Call(function, tuple(arguments), tuple(names), self._span(first))

    def _argument_name(self) -> str | None:
        """The name before a colon, if the argument has one."""
        position = self._position
        if self._tokens[position].kind != NAME:
            return None
        while self._in_name(self._tokens[position]):
            position += 1
        if self._tokens[position].text != ":":
            return None
        return self._declared_name(":")

    def _member(self) -> str:
        """The name after a dot: a known member, or the words that follow each other."""
        found = self._longest(self._members)
        if found:
            return found
        token = self._tokens[self._position]
        if token.kind != NAME:
            self._fail("a name is missing after the dot")
        first = self._position
        self._position += 1
        self._skip_words()
        return self._written(first)

    # Names

    def _name(self) -> Node:
        first = self._position
        found = self._longest(self._scopes)
        self._height = 1
        if not found:
            self._position += 1
        following = self._tokens[self._position]
        if following.kind == NAME and following.text not in ENDS_NAME:
            self._skip_words()
            return syntax.Name(self._written(first), self._span(first))
        return syntax.Name(found or self._tokens[first].text, self._span(first))

    def _declare(self, *names: str) -> None:
        self._scopes.insert(0, names_of(frozenset(names)))

    # Primaries

    def _primary(self) -> Node:
        token = self._tokens[self._position]
        kind, text = token.kind, token.text
        if kind == NUMBER:
            return self._number(token)
        if kind == STRING:
            self._position += 1
            self._height = 1
            return syntax.String(unescape(token, self.text), (token.start, token.end))
        if kind == NAME:
            if text in _FORMS or text in _LITERALS:
                return self._reserved(token)
            if text in ENDS_NAME and not self._is_known():
                self._fail("a value is missing", f"`{text}` is a word of FEEL")
            return self._name()
        if text == "(":
            return self._bracketed()
        if text in ("[", "]"):
            return self._list_or_interval()
        if text == "{":
            return self._context()
        if text == "@":
            return self._temporal()
        if text != "?":
            self._fail("a value is missing")
        if self._begins_known_name():
            return self._name()
        self._position += 1
        self._height = 1
        return syntax.Input((token.start, token.end))

    def _is_known(self) -> bool:
        return any(names.longest(self._tokens, self._position)[0] for names in self._scopes)

    def _begins_known_name(self) -> bool:
        """Whether a word of FEEL, or `?`, is only the beginning of a known name, such as `for sale`."""
        return any(
            names.longest(self._tokens, self._position)[1] > self._position + 1 for names in self._scopes
        )

    def _number(self, token: Token) -> Node:
        self._position += 1
        self._height = 1
        try:
            value = to_number(token.text)
        except Fault as fault:
            raise FeelSyntaxError(fault.message, (token.start, token.end), self.text) from None
        return syntax.Number(value, (token.start, token.end))

    def _temporal(self) -> Node:
        first = self._position
        self._position += 1
        token = self._tokens[self._position]
        if token.kind != STRING:
            self._fail("a string is missing after `@`", 'write a date as `@"2024-12-31"`')
        self._position += 1
        self._height = 1
        return syntax.Temporal(unescape(token, self.text), self._span(first))

    def _reserved(self, token: Token) -> Node:
        if self._begins_known_name():
            return self._name()
        text, span = token.text, (token.start, token.end)
        if text in _LITERALS:
            self._position += 1
            self._height = 1
            return syntax.Null(span) if text == "null" else syntax.Boolean(text == "true", span)
        self._enter()
        in_interval, self._in_interval = self._in_interval, False
        if text == "if":
            node = self._if()
        elif text == "for":
            node = self._for()
        elif text == "function":
            node = self._function()
        else:
            node = self._quantified()
        self._in_interval = in_interval
        self._nesting -= 1
        return node

    def _bracketed(self) -> Node:
        first = self._position
        self._position += 1
        self._enter()
        in_interval, self._in_interval = self._in_interval, False
        node = self._expression()
        if self._accept(".."):
            node = self._interval(node, False, first)
        else:
            self._expect(")", "close `(` with `)`")
        self._in_interval = in_interval
        self._nesting -= 1
        return node

    def _list_or_interval(self) -> Node:
        first = self._position
        opening = self._tokens[first].text
        self._position += 1
        self._height = 1
        if opening == "[" and self._accept("]"):
            return syntax.ListLiteral((), self._span(first))
        self._enter()
        in_interval, self._in_interval = self._in_interval, False
        node = self._expression()
        if self._accept(".."):
            node = self._interval(node, opening == "[", first)
        elif opening == "]":
            self._fail("`..` is missing", "`]` begins a range that excludes its start, like `]1..10]`")
        else:
            items = [node]
            height = self._height
            while self._accept(","):
                items.append(self._expression())
                height = max(height, self._height)
            self._expect("]", "separate items with commas and close the list with `]`")
            self._raise_height(height)
            node = syntax.ListLiteral(tuple(items), self._span(first))
        self._in_interval = in_interval
        self._nesting -= 1
        return node

    def _interval(self, start: Node, start_included: bool, first: int) -> Node:
        height = self._height
        self._in_interval = True
        end = self._expression()
        self._in_interval = False
        closing = self._tokens[self._position].text
        if closing not in ("]", ")", "["):
            self._fail("the range has no closing bracket", "end it with `]`, or with `)` to exclude its end")
        self._position += 1
        self._raise_height(height)
        return syntax.Interval(start, end, start_included, closing == "]", self._span(first))

    def _context(self) -> Node:
        first = self._position
        self._position += 1
        self._enter()
        in_interval, self._in_interval = self._in_interval, False
        scopes = len(self._scopes)
        entries: list[syntax.Entry] = []
        height = 0
        if not self._accept("}"):
            while True:
                start = self._position
                key = self._key()
                if any(entry.key == key for entry in entries):
                    self._position = start
                    self._fail(f'the context has two entries "{key}"', "give each its own name")
                self._declare(key)
                self._members.append(names_of(frozenset((key,))))
                value = self._expression()
                height = max(height, self._height)
                entries.append(syntax.Entry(key, value, self._span(start)))
                if self._accept("}"):
                    break
                self._expect_comma("}", "separate entries with commas and close the context with `}`")
        del self._scopes[: len(self._scopes) - scopes]
        self._in_interval = in_interval
        self._nesting -= 1
        self._height = 0
        self._raise_height(height)
        return syntax.ContextLiteral(tuple(entries), self._span(first))

    def _key(self) -> str:
        token = self._tokens[self._position]
        if token.kind == STRING:
            self._position += 1
            self._expect(":", "put `:` between a key and its value")
            return unescape(token, self.text)
        return self._declared_name(":")

    # Keyword forms

    def _if(self) -> Node:
        first = self._position
        self._position += 1
        condition = self._expression()
        height = self._height
        self._expect("then", "write `if condition then value else value`")
        consequence = self._expression()
        height = max(height, self._height)
        self._expect("else", "write `if condition then value else value`")
        alternative = self._expression()
        self._raise_height(height)
        return syntax.If(condition, consequence, alternative, self._span(first))

    def _iterations(self) -> tuple[syntax.Iteration, ...]:
        iterations: list[syntax.Iteration] = []
        height = 0
        while True:
            start = self._position
            name = self._declared_name("in")
            source = self._expression()
            height = max(height, self._height)
            end = self._expression() if self._accept("..") else None
            height = max(height, self._height)
            iterations.append(syntax.Iteration(name, source, end, self._span(start)))
            self._declare(name)
            if not self._accept(","):
                self._height = height
                return tuple(iterations)

    def _for(self) -> Node:
        first = self._position
        self._position += 1
        scopes = len(self._scopes)
        iterations = self._iterations()
        height = self._height
        self._expect("return", "write `for x in list return value`")
        self._declare("partial")
        result = self._expression()
        del self._scopes[: len(self._scopes) - scopes]
        self._raise_height(height)
        return syntax.For(iterations, result, self._span(first))

    def _quantified(self) -> Node:
        first = self._position
        quantifier = self._tokens[first].text
        self._position += 1
        scopes = len(self._scopes)
        iterations = self._iterations()
        height = self._height
        self._expect("satisfies", f"write `{quantifier} x in list satisfies condition`")
        condition = self._expression()
        del self._scopes[: len(self._scopes) - scopes]
        self._raise_height(height)
        return syntax.Quantified(quantifier, iterations, condition, self._span(first))

    def _function(self) -> Node:
        first = self._position
        self._position += 1
        self._expect("(", "write `function(a, b) a + b`")
        parameters: list[syntax.Parameter] = []
        if not self._accept(")"):
            while True:
                parameters.append(self._parameter())
                if self._accept(")"):
                    break
                self._expect_comma(")", "separate parameters with commas and close them with `)`")
        scopes = len(self._scopes)
        self._declare(*(parameter.name for parameter in parameters))
        external = self._accept("external")
        body = self._expression()
        del self._scopes[: len(self._scopes) - scopes]
        self._raise_height(0)
        return syntax.FunctionDefinition(tuple(parameters), body, external, self._span(first))

    def _parameter(self) -> syntax.Parameter:
        first = self._position
        if self._tokens[first].kind != NAME:
            self._fail("a parameter name is missing", "write `function(a, b) a + b`")
        while self._in_name(self._tokens[self._position]):
            self._position += 1
        name = self._written(first)
        type_ = self._type() if self._accept(":") else None
        return syntax.Parameter(name, type_, self._span(first))

    # Types
