"""Bad expressions, in every place of a problem that takes one."""
import re

from cases import JUDGED, REFUSED, Case, quoted

# A good expression for every place; a case replaces one of them. The definitions stand in block style so that a case
# may add its own.
GOOD = {"definition": "k2/k1", "magnitude": "abs(A)", "equation": "-k1*A - k2*A**2", "condition": "1", "guess": "1",
        "solution": "1/(c + k2*t)", "until": "1/k1", "overlap": "1.5", "resolve": "0.1/k1", "inverse": "1/A - k2*t",
        "patch definition": "d - k1*t", "derived": "exp(first_d_limit)", "exact": "k1/((k1 + k2)*exp(k1*t) - k2)"}
PATHS = {"definition": "definitions.kappa", "magnitude": "unknowns.A.magnitude", "equation": "equations.A",
         "condition": "conditions.0.A", "guess": "patches.0.constants.c", "solution": "patches.0.solution.A",
         "until": "patches.0.until", "overlap": "patches.0.overlap", "resolve": "patches.0.resolve.0",
         "inverse": "patches.0.inverse.c", "patch definition": "patches.1.definitions.power", "derived": "derived.late",
         "exact": "exact.A"}

# What is wrong, and the expression.
BROKEN = [
    ("empty", ""),
    ("a blank", " "),
    ("an operator", "+"),
    ("a star", "*"),
    ("nothing behind a plus", "1 +"),
    ("nothing before a star", "* 1"),
    ("two stars apart", "1 * * 2"),
    ("three stars", "1***2"),
    ("a slash", "/"),
    ("floor division", "1//2"),
    ("an open parenthesis", "(1"),
    ("a closing parenthesis", "1)"),
    ("empty parentheses", "()"),
    ("crossed parentheses", ")1("),
    ("square brackets", "[1]"),
    ("braces", "{1}"),
    ("an index", "k1[0]"),
    ("an attribute", "k1.real"),
    ("two names", "k1 k2"),
    ("a number before a name", "2k1"),
    ("a number before a parenthesis", "2(k1)"),
    ("a parameter as a function", "k1(2)"),
    ("an unknown function", "foo(k1)"),
    ("a function of another name", "ln(k1)"),
    ("a power by function", "pow(k1, 2)"),
    ("a function without argument", "exp()"),
    ("a function without parentheses", "exp k1"),
    ("a function's name", "exp"),
    ("two arguments for one", "exp(1, 2)"),
    ("one argument for two", "min(1)"),
    ("three arguments for two", "max(1, 2, 3)"),
    ("an empty argument", "min(1,)"),
    ("a comma", "1, 2"),
    ("a caret", "k1^2"),
    ("a percent sign", "k1%2"),
    ("an exclamation mark", "k1!"),
    ("a comparison", "k1 < 2"),
    ("an equality", "k1 == 2"),
    ("an assignment", "k1 = 2"),
    ("a conditional", "1 if k1 else 2"),
    ("a sequence", "1; 2"),
    ("a lambda", "lambda: 1"),
    ("an import", "__import__('os').system('true')"),
    ("a text", "'k1'"),
    ("backquotes", "`k1`"),
    ("a dollar sign", "$k1"),
    ("a comment", "1 # one"),
    ("a backslash", "1 \\ 2"),
    ("an ampersand", "k1 & 1"),
    ("a question mark", "k1 ? 1 : 2"),
    ("an unknown name", "k3"),
    ("a name of another case", "K1"),
    ("Euler's number as a name", "e"),
    ("infinity", "inf"),
    ("not a number", "nan"),
    ("a hexadecimal number", "0x10"),
    ("separators in a number", "1_000"),
    ("two points", "1.2.3"),
    ("a point", "."),
    ("no exponent", "1e"),
    ("no exponent behind its sign", "1e-"),
    ("a fraction as exponent", "1e0.5"),
    ("too large a number", "1e999"),
    ("too small a number", "1e-999"),
    ("a number of 400 digits", "9" * 400),
    ("a Greek letter", "\u03b1"),
    ("a minus of typography", "\u22121"),
    ("a times sign", "2\u00d7k1"),
    ("a no-break space", "1\u00a0+ 1"),
    ("wide digits", "\uff11"),
    ("an emoji", "\U0001f600"),
    ("a line break", "1 +\n1"),
    ("a tab", "1\t+ 1"),
    ("a zero byte", "1\x00"),
    ("an escape", "\x1b[31m1"),
    ("parentheses 201 deep", "(" * 201 + "1" + ")" * 201),
    ("parentheses 4,000 deep", "(" * 4000 + "1" + ")" * 4000),
    ("open parentheses without end", "(" * 9000),
    ("signs without end", "-" * 9000 + "1"),
    ("powers 201 deep", "1**" * 201 + "1"),
    ("functions 201 deep", "exp(" * 201 + "1" + ")" * 201),
    ("10,001 characters", "1" + "+1" * 5000),
    ("a megabyte", "1" + "+1" * 500000),
    ("a name of 9,000 letters", "k" * 9000),
    ("a megabyte of blanks", " " * 1000000 + "1"),
    ("mixed depths", "(-" * 101 + "1" + ")" * 101),
]

# Well written, but without a value, or without one in time: what is wrong, the place, the expression.
HARD = [
    ("division by zero", "equation", "-k1*A/0"),
    ("division by a zero difference", "equation", "A/(k1 - k1)"),
    ("zero over zero", "solution", "c*(t - t)/(t - t)"),
    ("the logarithm of a negative number", "solution", "log(-1 - c**2)"),
    ("the root of a negative number", "until", "sqrt(-k1)"),
    ("infinity as a guess", "guess", "1/0"),
    ("no number as a condition", "condition", "log(-1)"),
    ("an overflow", "equation", "-exp(exp(exp(10 + A)))"),
    ("a power without bounds", "equation", "-A**1e308"),
    ("a tower of powers", "equation", "-" + "**".join(["A"] * 100)),
    ("powers of zero", "condition", "0**-1"),
    ("a negative base", "equation", "-(-A)**0.5"),
    ("an overlap below one", "overlap", "0.5*k1/k1"),
    ("an overlap without value", "overlap", "log(-k1)"),
    ("an infinite overlap", "overlap", "1e308*1e308"),
    ("a place without value", "resolve", "log(-k1)"),
    ("an infinite place", "resolve", "1e308*1e308"),
    ("a place far outside", "resolve", "1e30*k1"),
    ("a negative magnitude", "magnitude", "-abs(A)"),
    ("a zero magnitude", "magnitude", "0*A"),
    ("a magnitude without value", "magnitude", "log(-1 - A**2)"),
    ("an inverse without value", "inverse", "log(-1 - A**2)"),
    ("a hand-over before the range", "until", "1e-300*k1"),
    ("a hand-over behind the range", "until", "1e300*k1"),
    ("functions 199 deep", "equation", "-" + "sin(" * 198 + "A" + ")" * 198),
    ("exponentials 190 deep", "solution", "exp(" * 190 + "-c - k2*t" + ")" * 190),
    ("a sum of 2,400 terms", "equation", "-k1*A" + "-0*A" * 2400),
    ("a product of 4,900 factors", "equation", "-k1" + "*A" * 4900),
    ("a quotient of 4,900 factors", "solution", "c" + "/t" * 4900),
    ("a sum of 900 powers", "equation", "-k1*A" + "-A**1.5e-3" * 900),
    ("300 nested minima", "equation", "-" + "min(A, max(k1, " * 95 + "A" + "))" * 95),
]


def job_with(expressions, definitions=()):
    e = {place: quoted(text) for place, text in {**GOOD, **expressions}.items()}
    more = "".join(f"    {name}: {quoted(text)}\n" for name, text in definitions)
    return f"""\
problem:
  name: decay
  variable: {{symbol: t, range: [1.0e-4, 100], scale: log, unit: s}}
  parameters: {{k1: {{default: 0.1}}, k2: {{default: 100}}}}
  definitions:
    kappa: {e["definition"]}
{more}  unknowns: {{A: {{order: 1, magnitude: {e["magnitude"]}}}}}
  equations: {{A: {e["equation"]}}}
  conditions: [{{at: start, A: {e["condition"]}}}]
  patches:
    - name: second
      constants: {{c: {e["guess"]}}}
      solution: {{A: {e["solution"]}}}
      until: {e["until"]}
      overlap: {e["overlap"]}
      resolve: [{e["resolve"]}]
      inverse: {{c: {e["inverse"]}}}
    - name: first
      constants: {{d: "0"}}
      definitions: {{power: {e["patch definition"]}}}
      solution: {{A: "exp(power)"}}
  derived: {{late: {e["derived"]}}}
  exact: {{A: {e["exact"]}}}
sweep:
  sampler: sobol
  samples: 4
  parameters: {{k1: {{range: [0.01, 1], scale: log}}, k2: {{range: [10, 1000], scale: log}}}}
network: {{features: 32, elements: 12}}
training: {{tolerance: 1.0e-3}}
output: {{points: 8}}
""".encode()


def written(material):
    places = list(GOOD)
    cases = []
    for index, (what, text) in enumerate(BROKEN):
        where = places[index % len(places)]
        place = r"(?m)^job\.yaml:\d+:\d+: problem\." + re.escape(PATHS[where])
        job = {"job.yaml": job_with({where: text})}
        cases.append(Case("expression", f"{what}: {where}", ("run", "job.yaml"), job, REFUSED, place))
    for what, where, text in HARD:
        job = {"job.yaml": job_with({where: text})}
        cases.append(Case("expression", f"{what}: {where}", ("check", "job.yaml"), job, JUDGED))
    for what, definitions, use in bombs():
        job = job_with({"equation": f"-k1*A - 0*{use}"}, definitions)
        cases.append(Case("expression", what, ("check", "job.yaml"), {"job.yaml": job}, JUDGED))
    return cases


def bombs():
    """Definitions that would grow beyond any memory where they are put into each other as text."""
    doubling = [("d0", "t*k1")] + [(f"d{i}", f"d{i - 1} + d{i - 1}") for i in range(1, 100)]
    yield "definitions doubled 99 times", doubling, "d99"
    squaring = [("d0", "exp(-t)")] + [(f"d{i}", f"d{i - 1}*d{i - 1}") for i in range(1, 60)]
    yield "definitions squared 59 times", squaring, "d59"
    wide = [("d0", "t")] + [(f"d{i}", "+".join([f"d{i - 1}"] * 1000)) for i in range(1, 8)]
    yield "definitions of a thousand each", wide, "d7"
    chain = [("d0", "sin(t)")] + [(f"d{i}", f"sin(d{i - 1})") for i in range(1, 2000)]
    yield "a chain of 2,000 definitions", chain, "d1999"
    many = [(f"d{i}", f"{i}*t") for i in range(5000)]
    yield "5,000 definitions", many, "d4999"


def mutated(material, random):
    where = random.choice(list(GOOD))
    maker = random.choice([with_characters_changed, with_tokens_changed, grown])
    text = maker(GOOD[where], random)
    command = random.choice([("check", "job.yaml"), ("run", "job.yaml", "--dry-run")])
    return Case("expression", f"{maker.__name__}: {where}", command, {"job.yaml": job_with({where: text})}, JUDGED)


CHARACTERS = [*"()+-*/,.^ 0123456789ekt=<>'\"\\", "\u00e9", "\x7f", "**", ""]


def with_characters_changed(text, random):
    letters = list(text)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(letters) + 1)
        letters[at:at + random.randrange(2)] = random.choice(CHARACTERS)
    return "".join(letters)


TOKENS = ["(", ")", "+", "-", "*", "/", "**", ",", "exp(", "log(", "min(", "k1", "k2", "t", "A", "c", "d", "kappa",
          "pi", "0", "1", "1e308", "5e-324", "-1", "0.5", "1e9", "first_d_limit", "A_end", "crossover_second_first",
          "foo"]


def with_tokens_changed(text, random):
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(TOKENS) + text[at + random.randrange(3):]
    return text


FUNCTIONS = "exp expm1 log log10 log1p sqrt sin cos tan asin acos atan sinh cosh tanh erf abs".split()


def grown(text, random):
    """A well-formed expression around the good one, of wild functions, sizes and depths."""
    for _ in range(random.choice([1, 2, 5, 20, 60])):
        number = random.choice(["0", "1", "-1", "2", "0.5", "1e308", "1e-300", "k1", "pi", "1e9"])
        change = random.randrange(6)
        if change == 0:
            text = f"{random.choice(FUNCTIONS)}({text})"
        elif change == 1:
            text = f"({text}){random.choice(['+', '-', '*', '/'])}{number}"
        elif change == 2:
            text = f"{number}{random.choice(['+', '-', '*', '/'])}({text})"
        elif change == 3:
            text = f"({text})**{random.choice(['2', '0.5', '-1', '0', '1e9', '(-300)', '1e308'])}"
        elif change == 4:
            text = f"{random.choice(['min', 'max'])}({text}, {number})"
        elif len(text) < 2000:
            text = f"({text})*({text})"
    return text
