"""Bad job and problem files: one for each rule of the schema, and mutations of the shipped ones."""
import copy

import yaml

from cases import JUDGED, READER_PLACE, REFUSED, Case, Folder, edited

DECAY, PROBLEM, OSCILLATOR, LISTED = (
    "mixed_order_decay.yaml", "mixed_order_decay_problem.yaml", "oscillator.yaml", "listed.yaml")

# What is wrong, the file, the text replaced (None: all of it), the new text, a word that the message must hold.
EDITS = [
    # --- YAML itself
    ("empty", DECAY, None, "", "the job is empty"),
    ("only a comment", DECAY, None, "# nothing\n", "the job is empty"),
    ("only blanks", DECAY, None, " \n \n", "the job is empty"),
    ("a word", DECAY, None, "hello\n", "a job is a mapping"),
    ("a list", DECAY, None, "- problem\n", "a job is a mapping"),
    ("a number", DECAY, None, "7\n", "a job is a mapping"),
    ("null", DECAY, None, "null\n", "the job is empty"),
    ("binary", DECAY, None, bytes(range(256)) * 8, "control character"),
    ("zeros", DECAY, None, bytes(4096), "control character"),
    ("an HDF5 signature", DECAY, None, b"\x89HDF\r\n\x1a\n" + bytes(100), "not UTF-8"),
    ("UTF-16", DECAY, None, "problem: x\n".encode("utf-16"), "not UTF-8"),
    ("Latin-1", DECAY, "seed: 7", b"seed: 7 # \xe9t\xe9", "not UTF-8"),
    ("cut UTF-8", DECAY, "seed: 7", b"seed: 7 # \xe2\x82", "not UTF-8"),
    ("overlong UTF-8", DECAY, "seed: 7", b"seed: 7 # \xc0\x80", "not UTF-8"),
    ("a zero byte", DECAY, "seed: 7", b"seed: 7\x00", "control character"),
    ("a control character", DECAY, "seed: 7", b"seed: 7 # \x01", "control character"),
    ("an escaped control character", PROBLEM, "label: time", 'label: "\\x07"', "control character"),
    ("second document", DECAY, "output: {", "---\noutput: {", "second document"),
    ("text behind the document", DECAY, None, "{problem: x.yaml} sweep\n", ""),
    ("unclosed bracket", DECAY, "1.0], scale", "1.0, scale", ""),
    ("unclosed brace", DECAY, "run: {block: 128, device: auto}", "run: {block: 128, device: auto", ""),
    ("unclosed quote", PROBLEM, '"A0*decay', 'A0*decay"', ""),
    ("tab as indentation", DECAY, "  samples", "\tsamples", "tab"),
    ("uneven indentation", DECAY, "  samples", "   samples", ""),
    ("no colon", DECAY, "sweep:", "sweep", ""),
    ("a tag", DECAY, "seed: 7", "seed: !!int 7", "tag"),
    ("a tag of Python", DECAY, "seed: 7", "seed: !!python/object/apply:os.system [true]", "tag"),
    ("a list as a key", DECAY, "seed: 7", "? [a]\n  : 7", "key"),
    ("a mapping as a key", DECAY, "seed: 7", "? {a: 1}\n  : 7", "key"),
    ("an alias to nothing", DECAY, "sampler: sobol", "sampler: *none", ""),
    ("an alias to itself", DECAY, "sampler: sobol", "sampler: &s [*s]", "alias"),
    ("a merge key", DECAY, "network: {features: 128, nodes: 5}", "network: {<<: {features: 128}}", "network.<<"),
    ("lists nested 20,000 deep", DECAY, "seed: 7", "seed: " + "[" * 20000, "nested"),
    ("mappings nested 20,000 deep", DECAY, "seed: 7", "seed: " + "{a: " * 20000, "nested"),
    ("blocks nested 2,000 deep", DECAY, None, "".join(" " * i + "a:\n" for i in range(2000)), ""),
    ("a key of a megabyte", DECAY, "seed: 7", "s" * 1000000 + ": 7", ""),
    ("a value of a megabyte", DECAY, "seed: 7", "seed: " + "7" * 1000000, "sweep.seed"),
    ("a number of a megabyte", DECAY, "tolerance: 1.0e-8", "tolerance: 1." + "1" * 1000000, "training.tolerance"),
    ("a word of a megabyte", DECAY, "sampler: sobol", "sampler: " + "s" * 1000000, "sweep.sampler"),
    ("20 megabytes", DECAY, None, "# much\n" * 3000000, "bytes"),
    ("100,000 keys", DECAY, None, "".join(f"k{i}: 1\n" for i in range(100000)), "k0"),
    ("100,000 equal keys", DECAY, None, "k: 1\n" * 100000, "duplicate"),
    ("a million commas", DECAY, "seed: 7", "seed: [" + "," * 1000000 + "]", ""),
    # --- keys
    ("unknown top-level key", DECAY, "training:", "trainig:", "trainig"),
    ("unknown key", DECAY, "samples: 4096", "sample: 4096", "sweep.sample"),
    ("key of another case", DECAY, "seed: 7", "Seed: 7", "sweep.Seed"),
    ("empty key", DECAY, "seed: 7", '"": 7', "sweep"),
    ("duplicate key", DECAY, "seed: 7", "seed: 7\n  samples: 3", "sweep.samples"),
    ("duplicate key in braces", DECAY, "nodes: 5", "nodes: 5, nodes: 5", "network.nodes"),
    ("no problem", DECAY, "problem: mixed_order_decay_problem.yaml\n", "", "problem"),
    ("no sweep", DECAY, None, "problem: mixed_order_decay_problem.yaml\n", "sweep"),
    ("problem file missing", DECAY, "mixed_order_decay_problem.yaml", "none.yaml", "none.yaml"),
    ("problem file is a folder", DECAY, "mixed_order_decay_problem.yaml", ".", "problem"),
    ("problem file with a zero byte", DECAY, "mixed_order_decay_problem.yaml", '"x\\0.yaml"', "problem"),
    ("problem file is the job", DECAY, "mixed_order_decay_problem.yaml", "mixed_order_decay.yaml", "problem"),
    ("problem file is a list of points", DECAY, "mixed_order_decay_problem.yaml", "points.csv", "problem"),
    ("problem file with a very long name", DECAY, "mixed_order_decay_problem.yaml", "x" * 5000, "problem"),
    ("problem is a list", DECAY, "mixed_order_decay_problem.yaml", "[1]", "problem"),
    ("problem file empty", PROBLEM, None, "", "problem"),
    # --- sweep
    ("no sampler", DECAY, "  sampler: sobol\n", "", "sweep.sampler"),
    ("unknown sampler", DECAY, "sobol", "halton", "sweep.sampler"),
    ("no samples", DECAY, "  samples: 4096\n", "", "sweep.samples"),
    ("samples zero", DECAY, "4096", "0", "sweep.samples"),
    ("samples negative", DECAY, "4096", "-5", "sweep.samples"),
    ("samples a fraction", DECAY, "4096", "40.5", "sweep.samples"),
    ("samples a float", DECAY, "4096", "1e3", "sweep.samples"),
    ("samples a word", DECAY, "4096", "many", "sweep.samples"),
    ("samples in quotes", DECAY, "4096", '"4096"', "sweep.samples"),
    ("samples a list", DECAY, "4096", "[4096]", "sweep.samples"),
    ("samples missing", DECAY, "4096", "", "sweep.samples"),
    ("samples hexadecimal", DECAY, "4096", "0x1000", "sweep.samples"),
    ("samples with separators", DECAY, "4096", "4_096", "sweep.samples"),
    ("samples too many", DECAY, "4096", "1000000001", "sweep.samples"),
    ("samples beyond 64 bits", DECAY, "4096", "99999999999999999999", "sweep.samples"),
    ("samples infinite", DECAY, "4096", ".inf", "sweep.samples"),
    ("samples not a number", DECAY, "4096", ".nan", "sweep.samples"),
    ("seed negative", DECAY, "seed: 7", "seed: -1", "sweep.seed"),
    ("seed beyond 63 bits", DECAY, "seed: 7", "seed: 9223372036854775808", "sweep.seed"),
    ("range empty", DECAY, "[1.0e-2, 1.0]", "[1.0, 0.5]", "sweep.parameters.k1.range"),
    ("range of one number", DECAY, "[1.0e-2, 1.0]", "[1.0]", "sweep.parameters.k1.range"),
    ("range of three numbers", DECAY, "[1.0e-2, 1.0]", "[0.1, 1.0, 2.0]", "sweep.parameters.k1.range"),
    ("range a number", DECAY, "[1.0e-2, 1.0]", "3", "sweep.parameters.k1.range"),
    ("range of words", DECAY, "[1.0e-2, 1.0]", "[low, high]", "sweep.parameters.k1.range.0"),
    ("range of lists", DECAY, "[1.0e-2, 1.0]", "[[1], [2]]", "sweep.parameters.k1.range.0"),
    ("range infinite", DECAY, "[1.0e-2, 1.0]", "[1.0e-2, .inf]", "sweep.parameters.k1.range.1"),
    ("range not a number", DECAY, "[1.0e-2, 1.0]", "[.nan, 1]", "sweep.parameters.k1.range.0"),
    ("log scale over zero", DECAY, "[1.0e-2, 1.0]", "[0, 1.0]", "sweep.parameters.k1.range"),
    ("log scale below zero", DECAY, "[1.0e-2, 1.0]", "[-1, 1.0]", "sweep.parameters.k1.range"),
    ("no scale", DECAY, "[10, 1000], scale: log", "[10, 1000]", "sweep.parameters.k2.scale"),
    ("unknown scale", DECAY, "[10, 1000], scale: log", "[10, 1000], scale: cubic", "sweep.parameters.k2.scale"),
    ("no range", DECAY, "range: [10, 1000], scale: log", "scale: log", "sweep.parameters.k2.range"),
    ("unknown parameter", DECAY, "    k2: {range", "    K3: {range", "sweep.parameters.K3"),
    ("parameter a word", DECAY, "k2: {range: [10, 1000], scale: log}", "k2: large", "sweep.parameters.k2"),
    ("parameter null", DECAY, "k2: {range: [10, 1000], scale: log}", "k2:", "sweep.parameters.k2"),
    ("parameters a list", DECAY, "    k1: {range: [1.0e-2, 1.0], scale: log}\n    k2: {range: [10, 1000], scale: log}",
     "    [k1, k2]", "sweep.parameters"),
    ("points without a grid", DECAY, "[10, 1000],", "[10, 1000], points: 4,", "sweep.parameters.k2.points"),
    ("file without a list", DECAY, "seed: 7", "file: points.csv", "sweep.file"),
    ("nothing varies", DECAY, "    k1: {range: [1.0e-2, 1.0], scale: log}\n    k2: {range: [10, 1000], scale: log}\n",
     "    k1: 0.5\n", "sweep.parameters"),
    ("a grid of too many points", OSCILLATOR, "points: 4}\n    drag: {values: [0.1, 0.3, 0.2]}",
     "points: 1000000}\n    drag: {range: [1, 2], scale: linear, points: 2000}", "sweep.parameters"),
    ("a grid axis of one point", OSCILLATOR, "points: 4", "points: 1", "sweep.parameters.omega.points"),
    ("a grid with other samples", OSCILLATOR, "sampler: grid", "sampler: grid\n  samples: 13", "sweep.samples"),
    ("grid values empty", OSCILLATOR, "[0.1, 0.3, 0.2]", "[]", "sweep.parameters.drag.values"),
    ("grid values twice", OSCILLATOR, "[0.1, 0.3, 0.2]", "[0.1, 0.1]", "sweep.parameters.drag.values.1"),
    ("grid values with a scale", OSCILLATOR, "{values: [0.1", "{scale: log, values: [0.1",
     "sweep.parameters.drag.scale"),
    ("a parameter without value", OSCILLATOR, "omega: {range: [1, 10], scale: linear, points: 4}\n    ", "",
     "sweep.parameters.omega"),
    # --- the settings
    ("features too many", DECAY, "features: 128", "features: 1025", "network.features"),
    ("features too few", DECAY, "features: 128", "features: 3", "network.features"),
    ("nodes out of range", DECAY, "nodes: 5", "nodes: 10", "network.nodes"),
    ("layers out of range", DECAY, "nodes: 5", "layers: 0", "network.layers"),
    ("elements out of range", DECAY, "nodes: 5", "elements: 2001", "network.elements"),
    ("unknown activation", DECAY, "nodes: 5", "activation: relu", "network.activation"),
    ("network a number", DECAY, "{features: 128, nodes: 5}", "128", "network"),
    ("unknown method", DECAY, "method: gauss_newton", "method: newton", "training.method"),
    ("unknown ansatz", DECAY, "ansatz: frames", "ansatz: total", "training.ansatz"),
    ("tolerance zero", DECAY, "tolerance: 1.0e-8", "tolerance: 0", "training.tolerance"),
    ("tolerance one", DECAY, "tolerance: 1.0e-8", "tolerance: 1", "training.tolerance"),
    ("tolerance too small for a double", DECAY, "tolerance: 1.0e-8", "tolerance: 1e-400", "training.tolerance"),
    ("tolerance with a unit", DECAY, "tolerance: 1.0e-8", "tolerance: 1 percent", "training.tolerance"),
    ("max_iterations zero", DECAY, "max_iterations: 60", "max_iterations: 0", "training.max_iterations"),
    ("rescue a number", DECAY, "max_iterations: 60", "rescue: 1", "training.rescue"),
    ("adam a list", DECAY, "max_iterations: 60", "adam: []", "training.adam"),
    ("learning rate negative", DECAY, "max_iterations: 60", "adam: {learning_rate: -1}", "training.adam.learning_rate"),
    ("steps beyond 32 bits", DECAY, "max_iterations: 60", "adam: {steps: 4294967297}", "training.adam.steps"),
    ("estimate a word", DECAY, "estimate: true", "estimate: on", "verification.estimate"),
    ("reference_fraction above one", DECAY, "fraction: 0.02", "fraction: 1.5", "verification.reference_fraction"),
    ("reference_fraction not a number", DECAY, "fraction: 0.02", "fraction: .nan", "verification.reference_fraction"),
    ("block zero", DECAY, "block: 128", "block: 0", "run.block"),
    ("unknown device", DECAY, "device: auto", "device: gpu", "run.device"),
    ("device number too long", DECAY, "device: auto", 'device: "cuda:99999"', "run.device"),
    ("no such device", DECAY, "device: auto", 'device: "cuda:999"', "cuda"),
    ("time limit negative", DECAY, "device: auto", "time_limit: -5", "run.time_limit"),
    ("time limit a word", DECAY, "device: auto", "time_limit: soon", "run.time_limit"),
    ("time limit of 70 minutes and 90 seconds", DECAY, "device: auto", 'time_limit: "1:70:90"', "run.time_limit"),
    ("time limit of no end", DECAY, "device: auto", 'time_limit: .inf', "run.time_limit"),
    ("time limit beyond all days", DECAY, "device: auto", 'time_limit: "99999999999999999-00:00:00"', "run.time_limit"),
    ("time limit a list", DECAY, "device: auto", "time_limit: [1, 2]", "run.time_limit"),
    ("output points one", DECAY, "points: 256", "points: 1", "output.points"),
    ("output points outside", DECAY, "points: 256", "points: [1.0e-5, 1]", "output.points.0"),
    ("output points falling", DECAY, "points: 256", "points: [1, 0.5]", "output.points.1"),
    ("output points none", DECAY, "points: 256", "points: []", "output.points"),
    ("output points words", DECAY, "points: 256", "points: [one]", "output.points.0"),
    ("unknown store", DECAY, "[solution, coefficients", "[solutions, coefficients", "output.store.0"),
    ("store twice", DECAY, "[solution, coefficients", "[heads, coefficients", "output.store"),
    ("store a word", DECAY, "[solution, coefficients, heads, matching]", "heads", "output.store"),
    ("too much for any disk", DECAY, "4096", "1000000000", "GB|MB|TB|PB|left"),
    # --- the problem
    ("unknown key of a problem", PROBLEM, "equations:", "equation:", "problem.equation"),
    ("no name", PROBLEM, "name: mixed_order_decay\n", "", "problem.name"),
    ("bad name", PROBLEM, "name: mixed_order_decay", "name: ../../etc", "problem.name"),
    ("no variable", PROBLEM, "variable: {symbol: t, range: [1.0e-4, 1.0e2], scale: log, unit: s, label: time}\n", "",
     "problem.variable"),
    ("variable a word", PROBLEM, "{symbol: t, range: [1.0e-4, 1.0e2], scale: log, unit: s, label: time}", "t",
     "problem.variable"),
    ("variable named exp", PROBLEM, "symbol: t", "symbol: exp", "problem.variable.symbol"),
    ("variable named null", PROBLEM, "symbol: t", 'symbol: "null"', "problem.variable.symbol"),
    ("variable's range empty", PROBLEM, "[1.0e-4, 1.0e2]", "[1, 1]", "problem.variable.range"),
    ("variable's log range from zero", PROBLEM, "[1.0e-4, 1.0e2]", "[0, 1]", "problem.variable.range"),
    ("default a word", PROBLEM, "default: 100", "default: high", "problem.parameters.k2.default"),
    ("default infinite", PROBLEM, "default: 100", "default: -.inf", "problem.parameters.k2.default"),
    ("parameter no name", PROBLEM, "  A0:", "  2A:", "problem.parameters.2A"),
    ("parameter with a slash", PROBLEM, "  A0:", "  a/b:", "problem.parameters.a/b"),
    ("parameter like the variable", PROBLEM, "  A0:", "  t:", "problem.parameters.t"),
    ("parameter like a file's variable", PROBLEM, "  A0:", "  status:", "problem.parameters.status"),
    ("unit a list", PROBLEM, "unit: 1/s", "unit: [1]", "problem.parameters.k1.unit"),
    ("definitions a list", PROBLEM, '  kappa: "k2*A0/k1"\n  decay: "exp(-k1*t)"\n', "  [1]\n", "problem.definitions"),
    ("definition uses itself", PROBLEM, '"k2*A0/k1"', '"1 + kappa"', "problem.definitions.kappa"),
    ("definition uses an unknown", PROBLEM, '"k2*A0/k1"', '"k2*A"', "problem.definitions.kappa"),
    ("no unknowns", PROBLEM, '  A: {order: 1, unit: mol/L, label: concentration, magnitude: "abs(A)"}\n', "",
     "problem.unknowns"),
    ("order zero", PROBLEM, "order: 1", "order: 0", "problem.unknowns.A.order"),
    ("order nine", PROBLEM, "order: 1", "order: 9", "problem.unknowns.A.order"),
    ("no equations", PROBLEM, 'equations: {A: "-k1*A - k2*A**2"}\n', "", "problem.equations"),
    ("equation of nothing", PROBLEM, 'equations: {A: "-k1*A', 'equations: {B: "1", A: "-k1*A', "problem.equations.B"),
    ("equation absent", PROBLEM, '"-k1*A - k2*A**2"', "", "problem.equations.A"),
    ("exact of nothing", PROBLEM, "exact: {A:", "exact: {B:", "problem.exact.B"),
    ("conditions none", PROBLEM, '[{at: start, A: "A0"}]', "[]", "problem.conditions"),
    ("conditions a mapping", PROBLEM, '[{at: start, A: "A0"}]', '{at: start, A: "A0"}', "problem.conditions"),
    ("condition nowhere", PROBLEM, "at: start, ", "", "problem.conditions.0.at"),
    ("condition outside", PROBLEM, "at: start", "at: 1000", "problem.conditions.0.at"),
    ("condition at a word", PROBLEM, "at: start", "at: begin", "problem.conditions.0.at"),
    ("too many conditions", OSCILLATOR, ', phi_t: "0"}', ', phi_t: "0", q: "0"}', "problem.conditions"),
    ("two conditions alike", OSCILLATOR, '{at: 5.0, q: "drag*t"}', '{at: 0, phi: "2"}', "problem.conditions.1.phi"),
    ("no patches", PROBLEM, "patches:\n", "patches: []\nderived_patches:\n", "problem"),
    ("patches a number", OSCILLATOR, "  patches:\n    - name: early", "  patches: 3\n  early:\n    - name: early",
     "problem"),
    ("patch without name", PROBLEM, "{name: second_order, ", "{", "problem.patches.0.name"),
    ("patch name twice", PROBLEM, "name: second_order", "name: first_order", "problem.patches.1.name"),
    ("patch without constants", PROBLEM, 'constants: {c: "1/A0"}, ', "", "problem.patches.0.constants"),
    ("too many constants", PROBLEM, '{c: "1/A0"}', '{c: "1/A0", e: "0"}', "problem.patches.0.constants"),
    ("guess uses the variable", PROBLEM, '{c: "1/A0"}', '{c: "1/t"}', "problem.patches.0.constants.c"),
    ("patch without solution", PROBLEM, 'solution: {A: "1/(c + k2*t)"}, ', "", "problem.patches.0.solution"),
    ("solution without its constant", PROBLEM, '"1/(c + k2*t)"', '"1/(A0 + k2*t)"', "problem.patches.0.solution"),
    ("constant of another patch", PROBLEM, '"1/(c + k2*t)"', '"1/(d + k2*t)"', "problem.patches.0.solution.A"),
    ("patch without until", PROBLEM, ', until: "1/k1"', "", "problem.patches.0.until"),
    ("last patch with until", PROBLEM, '{A: "exp(d)*decay"}}', '{A: "exp(d)*decay"}, until: 1}',
     "problem.patches.1.until"),
    ("until outside", PROBLEM, 'until: "1/k1"', "until: 1000", "problem.patches.0.until"),
    ("until uses the variable", PROBLEM, 'until: "1/k1"', 'until: "1/t"', "problem.patches.0.until"),
    ("overlap too small", PROBLEM, 'until: "1/k1"', 'until: "1/k1", overlap: 0.9', "problem.patches.0.overlap"),
    ("resolve a number", PROBLEM, 'until: "1/k1"', 'until: "1/k1", resolve: 1', "problem.patches.0.resolve"),
    ("inverse of nothing", OSCILLATOR, ', c: "q - t"}', ', e: "q - t"}', "problem.patches.0.inverse"),
    ("inverse uses a constant", OSCILLATOR, ', c: "q - t"}', ', c: "q - c"}', "problem.patches.0.inverse.c"),
    ("derived uses an unknown", PROBLEM, '"exp(first_order_d_limit)"', '"exp(A)"', "problem.derived.late_amplitude"),
    ("derived without value", PROBLEM, '{value: "crossover_second_order_first_order", unit', "{unit",
     "problem.derived.hand_over.value"),
    ("derived like a parameter", PROBLEM, "  late_amplitude:", "  k1:", "problem.derived.k1"),
    ("the problem's network out of range", PROBLEM, "features: 64", "features: 2", "problem.network.features"),
]

# Found by the commands only, after a good reading.
REFUSALS = [
    ("check", "a hand-over that is no number", PROBLEM, 'until: "1/k1"', 'until: "log(-k1)"', "patch 'second_order'"),
    ("check", "a degenerate patch", PROBLEM, '"1/(c + k2*t)"', '"1/(1 + k2*t) + c*max(0, 0.01 - t)"',
     "patch 'second_order' is degenerate"),
    ("check", "a constant of no effect", PROBLEM, '"1/(c + k2*t)"', '"1/(c - c + A0 + k2*t)"',
     "patch 'second_order' .* is degenerate"),
    ("check", "an equation without values", PROBLEM, '"-k1*A - k2*A**2"', '"-k1*A/(k2 - k2)"', "patch 'second_order'"),
    ("check", "an equation of complex values", PROBLEM, '"-k1*A - k2*A**2"', '"-k1*sqrt(-1 - A**2)"', "patch"),
]

MUTATED_COMMANDS = (("run", "{}", "--dry-run"), ("check", "{}"), ("run", "{}", "--dry-run"))
SPECIAL = b"{}[]:,-&*!|>'\"%@`#?\n\t \r\\.()e=~^\x00\xff"
ODD_VALUES = [None, True, False, 0, -1, 1, 2, 1.5, -0.0, 1e308, 5e-324, 10 ** 18, 2 ** 63, 10 ** 400, float("inf"),
              float("-inf"), float("nan"), "", " ", "x", "-", "1/0", "pi", "exp(700)", "t", "~", "null", "no", "0x10",
              "1" * 400, "é時", "a" * 3000, [], {}, [[]], [1, 2, 3], ["a", None], {"a": 1}, {"range": [1, 2]}]


def written(material):
    good = material.test_jobs()
    cases = []
    for what, name, old, new, word in EDITS:
        job = {PROBLEM: DECAY}.get(name, name)
        # Not a dry run: a job that passed for a good one would be run, and leave its file.
        place = rf"(?s)({READER_PLACE}|cannot be created|no CUDA|cuda|will need).*{word_pattern(word)}" \
            if word else READER_PLACE
        cases.append(Case("job", what, ("run", job), edited(good, name, old, new), REFUSED, place))
    for command, what, name, old, new, word in REFUSALS:
        cases.append(Case("job", what, (command, DECAY), edited(good, name, old, new), REFUSED, word))
    cases.append(Case("job", "a missing file", ("run", "none.yaml"), {}, REFUSED,
                      "none.yaml: the job file cannot be read"))
    cases.append(Case("job", "a folder", ("check", "job.yaml"), {"job.yaml": Folder()}, REFUSED, "job.yaml"))
    cases.append(Case("job", "bombs of aliases", ("run", "job.yaml"), {"job.yaml": alias_bomb()}, REFUSED,
                      READER_PLACE))
    cases.append(Case("job", "a chain of 100,000 aliases", ("run", "job.yaml"), {"job.yaml": alias_chain()}, REFUSED,
                      READER_PLACE))
    cases.append(Case("job", "bombs of aliases where numbers belong", ("run", DECAY),
                      edited(good, DECAY, "points: 256", "points: " + alias_lists()), REFUSED, READER_PLACE))
    return cases


def word_pattern(word):
    """Words are plain text but for alternatives."""
    return "(" + "|".join(part.replace(".", r"\.") for part in word.split("|")) + ")"


def alias_bomb():
    """Nine levels of nine aliases each: 400 million items if they were copied."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 9):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    return ("\n".join(lines) + "\nproblem: *a8\nsweep: *a8\n").encode()


def alias_chain():
    """Each value a list of the one before: deep without being nested as text."""
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 100000)]
    return ("\n".join(lines) + "\n").encode()


def alias_lists():
    inner = "&l0 [1, 2]"
    for level in range(1, 20):
        inner = f"&l{level} [{inner}, *l{level - 1}]"
    return inner


def mutated(material, random):
    mutator = random.choice([with_bytes_changed, with_lines_changed, with_tree_changed, with_tree_changed])
    if random.random() < 0.3:
        files = material.test_jobs()
        job = random.choice([DECAY, OSCILLATOR, LISTED])
        name = random.choice([job, PROBLEM]) if job != OSCILLATOR else job
    else:
        files = material.shipped_jobs()
        job = random.choice([path for path in files if "/" not in path])
        name = random.choice([job, f"problems/{job}"])
    files = {**files, name: mutator(files[name], random)}
    command = random.choice(MUTATED_COMMANDS)
    arguments = tuple(job if word == "{}" else word for word in command)
    return Case("job", f"{name} {mutator.__name__}", arguments, files, JUDGED)


def with_bytes_changed(content, random):
    """One to four changes of bytes, of YAML's own characters, or of a stretch of text."""
    content = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(content) + 1)
        stretch = bytes(content[random.randrange(len(content) + 1):][:random.randint(1, 60)])
        change = random.randrange(6)
        if change == 0:
            del content[at:at + 1]
        elif change == 1:
            content[at:at] = bytes([random.choice(SPECIAL)])
        elif change == 2:
            content[at:at + 1] = bytes([random.randrange(256)])
        elif change == 3:
            content[at:at + 1] = bytes([random.choice(SPECIAL)])
        elif change == 4:
            del content[at:at + random.randint(2, 60)]
        else:
            content[at:at] = stretch
    return bytes(content)


def with_lines_changed(content, random):
    """Lines removed, doubled, swapped, indented, or the text cut off."""
    lines = content.splitlines(keepends=True)
    for _ in range(random.randint(1, 3)):
        if not lines:
            break
        at, other = random.randrange(len(lines)), random.randrange(len(lines))
        change = random.randrange(5)
        if change == 0:
            del lines[at]
        elif change == 1:
            lines.insert(other, lines[at])
        elif change == 2:
            lines[at], lines[other] = lines[other], lines[at]
        elif change == 3:
            lines[at] = b" " * random.randint(1, 4) + lines[at]
        else:
            lines = lines[:at] + [lines[at][:random.randrange(len(lines[at]) + 1)]]
    return b"".join(lines)


def with_tree_changed(content, random):
    """Values of other types and sizes, keys missing, doubled in lists, or of other names, in well-formed YAML."""
    tree = yaml.safe_load(content)
    for _ in range(random.randint(1, 2)):
        places = list(places_of(tree))
        holder, key = random.choice(places)
        change = random.randrange(6)
        if change == 0:
            del holder[key]
        elif change == 1 and isinstance(holder, dict):
            holder[random.choice([f"{key}_", "x", "", "name", "range"])] = holder.pop(key)
        elif change == 2:
            other_holder, other_key = random.choice(places)
            holder[key] = copy.deepcopy(other_holder[other_key])
        elif change == 3 and isinstance(holder[key], (int, float)) and abs(holder[key]) < 2 ** 63:
            holder[key] *= random.choice([-1, 0, 1000, 1e-9, 1e300])
        else:
            holder[key] = random.choice(ODD_VALUES)
        if not tree:
            break
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, width=110).encode()


def places_of(tree):
    """Every (holder, key) of a tree of lists and mappings."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], (dict, list)):
            yield from places_of(tree[key])
