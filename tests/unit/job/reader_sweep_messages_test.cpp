#include <gtest/gtest.h>

#include "workspace.hpp"

namespace gluesweep::job {
namespace {

/// Messages about the sweep and its CSV: one edit of a good job and the message that it provokes.
struct Case {
  const char* what;
  const char* file;
  const char* from;  ///< null: the whole file
  const char* to;
  const char* message;
};

// clang-format off
const Case cases[] = {
      {"missing sampler", "mixed_order_decay.yaml", "  sampler: sobol\n", "",
       R"-(mixed_order_decay.yaml:2:1: sweep.sampler: the key is missing
    sweep:
    ^
  accepted: grid, sobol, latin_hypercube, random, list; there is no default)-"},
      {"unknown sampler", "mixed_order_decay.yaml", "sobol", "sobl",
       R"-(mixed_order_decay.yaml:3:12: sweep.sampler: unknown value "sobl"; did you mean "sobol"?
    sampler: sobl
             ^
  accepted: grid, sobol, latin_hypercube, random, list)-"},
      {"missing samples", "mixed_order_decay.yaml", "  samples: 4096\n", "",
       R"-(mixed_order_decay.yaml:2:1: sweep.samples: the key is missing
    sweep:
    ^
  give the number of points to draw, e.g. `samples: 1024`)-"},
      {"empty range", "mixed_order_decay.yaml", "range: [1.0e-2, 1.0]", "range: [1.0, 0.5]",
       R"-(mixed_order_decay.yaml:7:17: sweep.parameters.k1.range: the range is empty: low 1 is not below high 0.5
    k1: {range: [1.0, 0.5], scale: log}
                ^
  give two increasing numbers)-"},
      {"range of one number", "mixed_order_decay.yaml", "range: [1.0e-2, 1.0]", "range: [1.0]",
       R"-(mixed_order_decay.yaml:7:17: sweep.parameters.k1.range: a range has two numbers, this has 1
    k1: {range: [1.0], scale: log}
                ^
  write [low, high])-"},
      {"range that is no list", "mixed_order_decay.yaml", "range: [1.0e-2, 1.0]", "range: 3",
       R"-(mixed_order_decay.yaml:7:17: sweep.parameters.k1.range: a list is needed, not "3"
    k1: {range: 3, scale: log}
                ^
  write [first, second, ...])-"},
      {"range with an infinite bound", "mixed_order_decay.yaml", "range: [1.0e-2, 1.0]", "range: [1.0e-2, .inf]",
       R"-(mixed_order_decay.yaml:7:26: sweep.parameters.k1.range.1: a finite number is needed, not ".inf"
    k1: {range: [1.0e-2, .inf], scale: log}
                         ^
  a number is 0 or has a size from about 1e-307 to 1.8e308)-"},
      {"log scale over zero", "mixed_order_decay.yaml", "range: [1.0e-2, 1.0]", "range: [0, 1.0]",
       R"-(mixed_order_decay.yaml:7:17: sweep.parameters.k1.range: a log scale needs bounds above 0, low is 0
    k1: {range: [0, 1.0], scale: log}
                ^
  raise it or use `scale: linear`)-"},
      {"missing scale", "mixed_order_decay.yaml", "range: [10, 1000], scale: log", "range: [10, 1000]",
       R"-(mixed_order_decay.yaml:8:5: sweep.parameters.k2.scale: the key is missing
    k2: {range: [10, 1000]}
    ^
  accepted: linear, log; it decides where the samples lie, so there is no default)-"},
      {"unknown scale", "mixed_order_decay.yaml", "range: [10, 1000], scale: log", "range: [10, 1000], scale: logarithmic",
       R"-(mixed_order_decay.yaml:8:36: sweep.parameters.k2.scale: unknown value "logarithmic"
    k2: {range: [10, 1000], scale: logarithmic}
                                   ^
  accepted: linear, log)-"},
      {"missing range", "mixed_order_decay.yaml", "range: [10, 1000], scale: log", "scale: log",
       R"-(mixed_order_decay.yaml:8:5: sweep.parameters.k2.range: the key is missing
    k2: {scale: log}
    ^
  give range: [low, high] with scale)-"},
      {"unknown key of a parameter", "mixed_order_decay.yaml", "range: [10, 1000], scale", "range: [10, 1000], scala",
       R"-(mixed_order_decay.yaml:8:29: sweep.parameters.k2.scala: unknown key "scala"; did you mean "scale"?
    k2: {range: [10, 1000], scala: log}
                            ^
  accepted keys: range, scale, points, values)-"},
      {"unknown parameter", "mixed_order_decay.yaml", "    k2: {range", "    K3: {range",
       R"-(mixed_order_decay.yaml:8:5: sweep.parameters.K3: unknown key "K3"; did you mean "k1" or "k2"?
    K3: {range: [10, 1000], scale: log}
    ^
  accepted keys: k1, k2, A0)-"},
      {"a word for a parameter", "mixed_order_decay.yaml", "k2: {range: [10, 1000], scale: log}", "k2: large",
       R"-(mixed_order_decay.yaml:8:9: sweep.parameters.k2: a parameter is a number or a mapping with a range
    k2: large
        ^
  write k2: 0.5, or k2: {range: [0.1, 1], scale: log})-"},
      {"a list for a parameter", "mixed_order_decay.yaml", "k2: {range: [10, 1000], scale: log}", "k2: [10, 1000]",
       R"-(mixed_order_decay.yaml:8:9: sweep.parameters.k2: a parameter is a number or a mapping with a range
    k2: [10, 1000]
        ^
  write k2: 0.5, or k2: {range: [0.1, 1], scale: log})-"},
      {"points without a grid", "mixed_order_decay.yaml", "range: [10, 1000], scale: log", "range: [10, 1000], scale: log, points: 4",
       R"-(mixed_order_decay.yaml:8:41: sweep.parameters.k2.points: the key belongs to the sampler grid; the sampler is sobol
    k2: {range: [10, 1000], scale: log, points: 4}
                                        ^
  remove it or use `sampler: grid`)-"},
      {"values without a grid", "mixed_order_decay.yaml", "range: [10, 1000], scale: log", "values: [1, 2]",
       R"-(mixed_order_decay.yaml:8:10: sweep.parameters.k2.values: the key belongs to the sampler grid; the sampler is sobol
    k2: {values: [1, 2]}
         ^
  remove it or use `sampler: grid`)-"},
      {"file without a list", "mixed_order_decay.yaml", "  seed: 7", "  file: points.csv",
       R"-(mixed_order_decay.yaml:5:3: sweep.file: the key belongs to the sampler list; the sampler is sobol
    file: points.csv
    ^
  remove it or use `sampler: list`)-"},
      {"columns without a list", "mixed_order_decay.yaml", "  seed: 7", "  columns: [k1]",
       R"-(mixed_order_decay.yaml:5:3: sweep.columns: the key belongs to the sampler list; the sampler is sobol
    columns: [k1]
    ^
  remove it or use `sampler: list`)-"},
      {"nothing varies", "mixed_order_decay.yaml", "    k1: {range: [1.0e-2, 1.0], scale: log}\n    k2: {range: [10, 1000], scale: log}\n", "    k1: 0.5\n",
       R"-(mixed_order_decay.yaml:2:1: sweep.parameters: the key is missing
    sweep:
    ^
  no parameter has a range, so the sampler sobol has nothing to draw; give one a range, or use `sampler: grid` for a single point)-"},
      {"grid without points", "oscillator.yaml", ", points: 4", "",
       R"-(oscillator.yaml:29:5: sweep.parameters.omega.points: the key is missing
    omega: {range: [1, 10], scale: linear}
    ^
  give the number of grid points, ends included, e.g. `points: 16`)-"},
      {"grid with one point", "oscillator.yaml", "points: 4", "points: 1",
       R"-(oscillator.yaml:29:52: sweep.parameters.omega.points: 1 is out of range
    omega: {range: [1, 10], scale: linear, points: 1}
                                                   ^
  accepted: an integer from 2 to 1000000)-"},
      {"grid with other samples", "oscillator.yaml", "sampler: grid", "sampler: grid\n  samples: 13",
       R"-(oscillator.yaml:28:12: sweep.samples: the grid has 12 points, not 13
    samples: 13
             ^
  remove the key: the sampler grid knows its number of points)-"},
      {"grid too large", "oscillator.yaml", "points: 4}\n    drag: {values: [0.1, 0.3, 0.2]}", "points: 1000000}\n    drag: {range: [1, 2], scale: linear, points: 2000}",
       R"-(oscillator.yaml:28:3: sweep.parameters: the grid has more than 1000000000 points
    parameters:
    ^
  give fewer points)-"},
      {"values with a range", "oscillator.yaml", "{values: [0.1", "{range: [0, 1], values: [0.1",
       R"-(oscillator.yaml:30:12: sweep.parameters.drag.range: the key has no meaning beside `values`, which are the points themselves
    drag: {range: [0, 1], values: [0.1, 0.3, 0.2]}
           ^
  remove one of the two)-"},
      {"values twice", "oscillator.yaml", "[0.1, 0.3, 0.2]", "[0.1, 0.3, 0.1]",
       R"-(oscillator.yaml:30:31: sweep.parameters.drag.values.2: the value 0.1 is given twice
    drag: {values: [0.1, 0.3, 0.1]}
                              ^
  give every value once)-"},
      {"values empty", "oscillator.yaml", "[0.1, 0.3, 0.2]", "[]",
       R"-(oscillator.yaml:30:20: sweep.parameters.drag.values: the list is empty
    drag: {values: []}
                   ^
  give at least one number)-"},
      {"values not finite", "oscillator.yaml", "[0.1, 0.3, 0.2]", "[0.1, .nan]",
       R"-(oscillator.yaml:30:26: sweep.parameters.drag.values.1: a finite number is needed, not ".nan"
    drag: {values: [0.1, .nan]}
                         ^
  a number is 0 or has a size from about 1e-307 to 1.8e308)-"},
      {"parameter without default", "oscillator.yaml", "omega: {range: [1, 10], scale: linear, points: 4}\n    ", "",
       R"-(oscillator.yaml:28:3: sweep.parameters.omega: the key is missing
    parameters:
    ^
  the problem has no default for it: give it a value or a range here)-"},
      {"parameter without default, no parameters", "oscillator.yaml", "  parameters:\n    omega: {range: [1, 10], scale: linear, points: 4}\n    drag: {values: [0.1, 0.3, 0.2]}\n", "",
       R"-(oscillator.yaml:26:1: sweep.parameters.omega: the key is missing
    sweep:
    ^
  the problem has no default for it: give it a value or a range here)-"},
      {"list without file", "listed.yaml", "file: points.csv, ", "",
       R"-(listed.yaml:2:1: sweep.file: the key is missing
    sweep: {sampler: list, parameters: {A0: 2}}
    ^
  give the CSV with a column per parameter; its header names them)-"},
      {"list file missing", "listed.yaml", "points.csv", "none.csv",
       R"-(listed.yaml:2:30: sweep.file: the points cannot be read: none.csv: No such file or directory
    sweep: {sampler: list, file: none.csv, parameters: {A0: 2}}
                                 ^
  the path is relative to the job file)-"},
      {"list with a range", "listed.yaml", "A0: 2", "A0: {range: [1, 2], scale: log}",
       R"-(listed.yaml:2:59: sweep.parameters.A0: the sampler list takes its values from the file
    sweep: {sampler: list, file: points.csv, parameters: {A0: {range: [1, 2], scale: log}}}
                                                              ^
  give a plain number here, or remove the key)-"},
      {"list with other samples", "listed.yaml", "file:", "samples: 4, file:",
       R"-(listed.yaml:2:33: sweep.samples: the list has 3 points, not 4
    sweep: {sampler: list, samples: 4, file: points.csv, parameters: {A0: 2}}
                                    ^
  remove the key: the sampler list knows its number of points)-"},
      {"list with a fixed column", "listed.yaml", "A0: 2", "k1: 2",
       R"-(listed.yaml:2:55: sweep.parameters.k1: the parameter is a column of "points.csv" as well
    sweep: {sampler: list, file: points.csv, parameters: {k1: 2}}
                                                          ^
  remove it here or there)-"},
      {"list with other columns", "listed.yaml", "file:", "columns: [k1, k2], file:",
       R"-(listed.yaml:2:33: sweep.columns: the file "points.csv" has the columns k2, k1
    sweep: {sampler: list, columns: [k1, k2], file: points.csv, parameters: {A0: 2}}
                                    ^
  make the two agree)-"},
      {"list with a column missing", "mixed_order_decay_problem.yaml", "k1: {default: 0.1, unit", "k0: {unit: s}\n  k1: {default: 0.1, unit",
       R"-(listed.yaml:2:30: sweep.file: the column "k0" is missing in "points.csv"
    sweep: {sampler: list, file: points.csv, parameters: {A0: 2}}
                                 ^
  the problem has no default for it: add the column, or a number in sweep.parameters)-"},
      {"CSV empty", "points.csv", nullptr, "",
       R"-(points.csv:1:1: sweep.file: the file is empty
  give a header of parameter names, then one line of numbers a point)-"},
      {"CSV without points", "points.csv", nullptr, "k1,k2\n",
       R"-(points.csv:1:1: sweep.file: the file has a header but no points
    k1,k2
    ^
  give a header of parameter names, then one line of numbers a point)-"},
      {"CSV unknown column", "points.csv", "k2, k1", "k2, K_1",
       R"-(points.csv:1:5: sweep.file: unknown column "K_1"; did you mean "k1"?
    k2, K_1
        ^
  the header names parameters of the problem: k1, k2, A0)-"},
      {"CSV far column", "points.csv", "k2, k1", "k2,temperature",
       R"-(points.csv:1:4: sweep.file: unknown column "temperature"
    k2,temperature
       ^
  the header names parameters of the problem: k1, k2, A0)-"},
      {"CSV duplicate column", "points.csv", "k2, k1", "k2,k2",
       R"-(points.csv:1:4: sweep.file: duplicate column "k2"
    k2,k2
       ^
  give every parameter once)-"},
      {"CSV blank column", "points.csv", "k2, k1", "k2,",
       R"-(points.csv:1:4: sweep.file: unknown column ""
    k2,
       ^
  the header names parameters of the problem: k1, k2, A0)-"},
      {"CSV without header", "points.csv", "k2, k1\n", "",
       R"-(points.csv:1:1: sweep.file: the first line must name the columns; "10" is a number
    10,0.01
    ^
  add a header with parameters of the problem: k1, k2, A0)-"},
      {"CSV not a number", "points.csv", "1e3, 0.5", "1e3, half",
       R"-(points.csv:4:6: sweep.file: column 2 (k1): a number is needed, not "half"
    1e3, half
         ^
  write it like 0.5 or 1e-3)-"},
      {"CSV empty field", "points.csv", "1e3, 0.5", "1e3,",
       R"-(points.csv:4:5: sweep.file: column 2 (k1): a number is needed, not ""
    1e3,
        ^
  write it like 0.5 or 1e-3)-"},
      {"CSV too few fields", "points.csv", "1e3, 0.5", "1e3",
       R"-(points.csv:4:1: sweep.file: this line has 1 field, the header has 2
    1e3
    ^
  give one number per column: k2, k1)-"},
      {"CSV too many fields", "points.csv", "1e3, 0.5", "1e3, 0.5, 7",
       R"-(points.csv:4:11: sweep.file: this line has 3 fields, the header has 2
    1e3, 0.5, 7
              ^
  give one number per column: k2, k1)-"},
      {"CSV not finite", "points.csv", "1e3, 0.5", "nan, 0.5",
       R"-(points.csv:4:1: sweep.file: column 1 (k2): a finite number is needed, not "nan"
    nan, 0.5
    ^
  write it like 0.5 or 1e-3)-"},
      {"CSV infinite", "points.csv", "1e3, 0.5", "1e3, -inf",
       R"-(points.csv:4:6: sweep.file: column 2 (k1): a finite number is needed, not "-inf"
    1e3, -inf
         ^
  write it like 0.5 or 1e-3)-"},
      {"CSV out of range", "points.csv", "1e3, 0.5", "1e3, 1e999",
       R"-(points.csv:4:6: sweep.file: column 2 (k1): a finite number is needed, not "1e999"
    1e3, 1e999
         ^
  write it like 0.5 or 1e-3)-"},
      {"CSV of another encoding", "points.csv", "1e3, 0.5", "1e3, 0\xff\x80.5\xe2\x82",
       R"-(points.csv:4:6: sweep.file: column 2 (k1): a number is needed, not "0\xff\x80.5\xe2\x82"
  write it like 0.5 or 1e-3)-"},
};
// clang-format on

TEST(ReaderSweepMessages, SayPlaceProblemAndRemedy) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    Workspace workspace;
    workspace.edit(one.file, one.from, one.to);
    EXPECT_EQ(workspace.message(job_of(one.file, one.what)), one.message);
  }
}

}  // namespace
}  // namespace gluesweep::job
