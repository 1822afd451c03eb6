"""Bad lists of points: the CSV of the sampler `list`."""
from cases import JUDGED, READER_PLACE, REFUSED, Case, Folder
from job_cases import LISTED, PROBLEM, with_bytes_changed, with_lines_changed

GOOD = "k2,k1\n10,0.01\n1e3,0.5\n100,1\n"

# What is wrong, the whole file, a word that the message must hold.
LISTS = [
    ("empty", "", "the file is empty"),
    ("blank lines", "\n \n\t\n\r\n", "the file is empty"),
    ("a byte order mark only", "\ufeff", "the file is empty"),
    ("a header only", "k1,k2\n", "no points"),
    ("no header", "0.1,10\n", "is a number"),
    ("an unknown column", "k1,K3\n0.1,1\n", "unknown column"),
    ("the job's other parameter", "k1,A0\n0.1,1\n", "A0"),
    ("a column twice", "k1,k1\n0.1,1\n", "duplicate column"),
    ("a column without name", "k1,\n0.1,1\n", "unknown column"),
    ("names in quotes", '"k1","k2"\n0.1,1\n', "unknown column"),
    ("semicolons", "k1;k2\n0.1;1\n", "unknown column"),
    ("tabs", "k1\tk2\n0.1\t1\n", "unknown column"),
    ("a row too short", "k1,k2\n0.1\n", "field"),
    ("a row too long", "k1,k2\n0.1,1,2\n", "field"),
    ("a row with an empty end", "k1,k2\n0.1,1,\n", "field"),
    ("an empty field", "k1,k2\n0.1,\n", "column 2"),
    ("a word", "k1,k2\n0.1,ten\n", "column 2"),
    ("a number in quotes", 'k1,k2\n0.1,"1"\n', "column 2"),
    ("a decimal comma", 'k1,k2\n0,1,1\n', "field"),
    ("a separator of thousands", "k1,k2\n0.1,1_000\n", "column 2"),
    ("a unit", "k1,k2\n0.1,10 L\n", "column 2"),
    ("hexadecimal", "k1,k2\n0.1,0x1p3\n", "column 2"),
    ("nan", "k1,k2\n0.1,nan\n", "column 2"),
    ("inf", "k1,k2\n-inf,1\n", "column 1"),
    ("too large", "k1,k2\n0.1,1e999\n", "column 2"),
    ("too small", "k1,k2\n0.1,1e-999\n", "column 2"),
    ("two signs", "k1,k2\n0.1,+-1\n", "column 2"),
    ("a comment", "# points\nk1,k2\n0.1,1\n", "unknown column"),
    ("a comment behind a number", "k1,k2\n0.1,1 # ten\n", "column 2"),
    ("old Macintosh line ends", "k1,k2\r0.1,1\r", ""),
    ("UTF-16", "k1,k2\n0.1,1\n".encode("utf-16"), ""),
    ("binary", bytes(range(256)) * 20, ""),
    ("zeros", bytes(5000), ""),
    ("a zero byte in a number", "k1,k2\n0.1,1\x000\n", "column 2"),
    ("a zero byte in a name", "k1\x00,k2\n0.1,1\n", "unknown column"),
    ("an escape sequence in a name", "k1\x1b[31m,k2\n0.1,1\n", "unknown column"),
    ("broken UTF-8", b"k1,k2\n0.1,\xff\xfe\n", "column 2"),
    ("a line of a megabyte", "k1,k2\n" + "1" * 1000000 + ",1\n", "column 1"),
    ("a name of a megabyte", "k" * 1000000 + "\n1\n", "unknown column"),
    ("a million commas", "," * 1000000 + "\n", "unknown column"),
    ("a million fields in a row", "k1,k2\n" + "1," * 1000000 + "\n", "field"),
    ("the last of 200,000 rows", "k1,k2\n" + "0.1,10\n" * 199999 + "0.1,ten\n", ":200001:"),
    ("blanks around a bad number", "k1 , k2\n 0.1 ,  1 0 \n", "column 2"),
]

ODD_FIELDS = ["", " ", "nan", "inf", "-0", "1e308", "1e-320", "1e999", "0x1", "1,5", '"1"', "ten", "--1", "1e", "\x00",
              "é", "1 2", "+3", ".5", "5.", "1" * 500, "\t", "k1", "=1+1", "1;2"]


def written(material):
    cases = []
    for what, content, word in LISTS:
        content = content.encode() if isinstance(content, str) else content
        place = rf"(?s){READER_PLACE}.*{word}"
        cases.append(Case("list", what, ("run", LISTED), files_with(material, content), REFUSED, place))
    cases.append(Case("list", "a folder", ("run", LISTED), files_with(material, Folder()), REFUSED, "points.csv"))
    without = {name: content for name, content in files_with(material, b"").items() if name != "points.csv"}
    cases.append(Case("list", "a missing file", ("run", LISTED), without, REFUSED, "points.csv: No such file"))
    for what, content in (("a byte order mark and CRLF", "\ufeff" + GOOD.replace("\n", "\r\n")),
                          ("no line break at the end", GOOD[:-1]), ("blank lines", GOOD.replace("\n", "\n\n"))):
        cases.append(Case("list", f"good: {what}", ("check", LISTED), files_with(material, content.encode()),
                          frozenset({0})))
    return cases


def files_with(material, content):
    jobs = material.test_jobs()
    return {LISTED: jobs[LISTED], PROBLEM: jobs[PROBLEM], "points.csv": content}


def mutated(material, random):
    mutator = random.choice([with_bytes_changed, with_lines_changed, with_fields_changed])
    rows = "".join(f"{random.uniform(10, 1000)!r},{random.uniform(0.01, 1)!r}\n" for _ in range(random.randint(1, 20)))
    content = mutator(b"k2,k1\n" + rows.encode(), random)
    arguments = random.choice([("run", LISTED, "--dry-run"), ("check", LISTED)])
    return Case("list", mutator.__name__, arguments, files_with(material, content), JUDGED)


def with_fields_changed(content, random):
    rows = [line.split(",") for line in content.decode().split("\n")]
    for _ in range(random.randint(1, 3)):
        row = random.choice(rows)
        at = random.randrange(len(row) + 1)
        change = random.randrange(3)
        if change == 0:
            del row[at:at + 1]
        elif change == 1:
            row.insert(at, random.choice(ODD_FIELDS))
        else:
            row[at:at + 1] = [random.choice(ODD_FIELDS)]
    separator = random.choice([",", ",", ",", ", ", ";", "\t"])
    return random.choice(["\n", "\r\n"]).join(separator.join(row) for row in rows).encode()
