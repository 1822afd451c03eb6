#include <gtest/gtest.h>

#include "workspace.hpp"

namespace gluesweep::job {
namespace {

/// Messages about YAML in general and the settings of a run: one edit of a good job and the message that it
/// provokes.
struct Case {
  const char* what;
  const char* file;
  const char* from;  ///< null: the whole file
  const char* to;
  const char* message;
};

// clang-format off
const Case cases[] = {
      {"unknown key", "mixed_order_decay.yaml", "samples: 4096", "sample: 4096",
       R"-(mixed_order_decay.yaml:4:3: sweep.sample: unknown key "sample"; did you mean "sampler" or "samples"?
    sample: 4096
    ^
  accepted keys: sampler, samples, seed, parameters, file, columns)-"},
      {"unknown key without a near one", "mixed_order_decay.yaml", "run: {", "zzz: 1\nrun: {",
       R"-(mixed_order_decay.yaml:12:1: zzz: unknown key "zzz"
    zzz: 1
    ^
  accepted keys: problem, sweep, network, training, verification, run, output)-"},
      {"unknown key in a flow mapping", "mixed_order_decay.yaml", "nodes: 5", "node: 5",
       R"-(mixed_order_decay.yaml:9:26: network.node: unknown key "node"; did you mean "nodes"?
    network: {features: 128, node: 5}
                             ^
  accepted keys: features, elements, nodes, layers, activation, seed, trunk)-"},
      {"unknown top-level key", "mixed_order_decay.yaml", "training:", "trainig:",
       R"-(mixed_order_decay.yaml:10:1: trainig: unknown key "trainig"; did you mean "training"?
    trainig: {method: gauss_newton, ansatz: frames, tolerance: 1.0e-8, max_iterations: 60}
    ^
  accepted keys: problem, sweep, network, training, verification, run, output)-"},
      {"duplicate key in a block", "mixed_order_decay.yaml", "  seed: 7", "  seed: 7\n  samples: 3",
       R"-(mixed_order_decay.yaml:6:3: sweep.samples: duplicate key "samples"
    samples: 3
    ^
  it is given before at mixed_order_decay.yaml:4:3; remove one of the two)-"},
      {"duplicate key in a flow mapping", "mixed_order_decay.yaml", "{range: [10, 1000], scale: log}", "{range: [10, 1000], scale: log, range: [1, 2]}",
       R"-(mixed_order_decay.yaml:8:41: sweep.parameters.k2.range: duplicate key "range"
    k2: {range: [10, 1000], scale: log, range: [1, 2]}
                                        ^
  it is given before at mixed_order_decay.yaml:8:10; remove one of the two)-"},
      {"duplicate parameter", "mixed_order_decay.yaml", "    k2: {range", "    k1: {range",
       R"-(mixed_order_decay.yaml:8:5: sweep.parameters.k1: duplicate key "k1"
    k1: {range: [10, 1000], scale: log}
    ^
  it is given before at mixed_order_decay.yaml:7:5; remove one of the two)-"},
      {"missing section", "mixed_order_decay.yaml", "problem: mixed_order_decay_problem.yaml\n", "",
       R"-(mixed_order_decay.yaml:1:1: problem: the key is missing
    sweep:
    ^
  give the path of a problem file, or its mapping)-"},
      {"missing sweep", "mixed_order_decay.yaml", nullptr, "problem: mixed_order_decay_problem.yaml\n",
       R"-(mixed_order_decay.yaml:1:1: sweep: the key is missing
    problem: mixed_order_decay_problem.yaml
    ^
  give {sampler, samples, parameters})-"},
      {"empty file", "mixed_order_decay.yaml", nullptr, "",
       R"-(mixed_order_decay.yaml:1:1: the job is empty
  give at least the keys problem and sweep)-"},
      {"comments only", "mixed_order_decay.yaml", nullptr, "# nothing\n",
       R"-(mixed_order_decay.yaml:1:1: the job is empty
    # nothing
    ^
  give at least the keys problem and sweep)-"},
      {"not a mapping", "mixed_order_decay.yaml", nullptr, "- problem\n",
       R"-(mixed_order_decay.yaml:1:1: a job is a mapping
    - problem
    ^
  write `key: value` pairs; accepted keys: problem, sweep, network, training, verification, run, output)-"},
      {"a word", "mixed_order_decay.yaml", nullptr, "hello\n",
       R"-(mixed_order_decay.yaml:1:1: a job is a mapping
    hello
    ^
  write `key: value` pairs; accepted keys: problem, sweep, network, training, verification, run, output)-"},
      {"second document", "mixed_order_decay.yaml", "output: {", "---\noutput: {",
       R"-(mixed_order_decay.yaml:13:1: a second document starts here
    ---
    ^
  keep one YAML document per file)-"},
      {"text after the document", "mixed_order_decay.yaml", nullptr, "{problem: x.yaml} sweep\n",
       R"-(mixed_order_decay.yaml:1:19: a second document starts here
    {problem: x.yaml} sweep
                      ^
  keep one YAML document per file)-"},
      {"unclosed bracket", "mixed_order_decay.yaml", "range: [1.0e-2, 1.0], scale", "range: [1.0e-2, 1.0, scale",
       R"-(mixed_order_decay.yaml:7:41: this is not YAML: illegal flow end
    k1: {range: [1.0e-2, 1.0, scale: log}
                                        ^
  look here and above for a missing bracket, quote, colon or space, or for uneven indentation)-"},
      {"unclosed quote", "mixed_order_decay_problem.yaml", R"("-k1*A - k2*A**2")", R"("-k1*A - k2*A**2)",
       R"-(mixed_order_decay_problem.yaml:15:30: problem: this is not YAML: end of map flow not found
    conditions: [{at: start, A: "A0"}]
                                 ^
  look here and above for a missing bracket, quote, colon or space, or for uneven indentation)-"},
      {"tab as indentation", "mixed_order_decay.yaml", "  samples: 4096", "\tsamples: 4096",
       R"-(mixed_order_decay.yaml:4:1: a tab in the indentation
     samples: 4096
    ^
  YAML is indented by spaces)-"},
      {"uneven indentation", "mixed_order_decay.yaml", "  samples: 4096", "   samples: 4096",
       R"-(mixed_order_decay.yaml:4:11: this is not YAML: illegal map value
    samples: 4096
           ^
  look here and above for a missing bracket, quote, colon or space, or for uneven indentation)-"},
      {"control character", "mixed_order_decay.yaml", "seed: 7", "seed: 7 # \001",
       R"-(mixed_order_decay.yaml:5:13: a control character or a byte that is not UTF-8 text
    seed: 7 #  
              ^
  save the file as plain UTF-8 text)-"},
      {"not UTF-8", "mixed_order_decay.yaml", "seed: 7", "seed: 7 # \377",
       R"-(mixed_order_decay.yaml:5:13: a control character or a byte that is not UTF-8 text
  save the file as plain UTF-8 text)-"},
      {"tag", "mixed_order_decay.yaml", "seed: 7", "seed: !!int 7",
       R"-(mixed_order_decay.yaml:5:9: sweep.seed: the tag "tag:yaml.org,2002:int" is not accepted
    seed: !!int 7
          ^
  write the plain value without a tag)-"},
      {"a list as a key", "mixed_order_decay.yaml", "seed: 7", "? [a]\n  : 7",
       R"-(mixed_order_decay.yaml:5:5: sweep: a key must be a word
    ? [a]
      ^
  write `key: value`, and close every bracket and quote)-"},
      {"an alias to itself", "mixed_order_decay.yaml", "sampler: sobol", "sampler: &s [*s]",
       R"-(mixed_order_decay.yaml:3:16: sweep.sampler.0: this alias refers to the value that contains it
    sampler: &s [*s]
                 ^
  write the value itself)-"},
      {"an alias to nothing", "mixed_order_decay.yaml", "sampler: sobol", "sampler: *none",
       R"-(mixed_order_decay.yaml:3:12: this is not YAML: the referenced anchor is not defined
    sampler: *none
             ^
  look here and above for a missing bracket, quote, colon or space, or for uneven indentation)-"},
      {"merge keys", "mixed_order_decay.yaml", "network: {features: 128, nodes: 5}", "network: {<<: {features: 128}}",
       R"-(mixed_order_decay.yaml:9:11: network.<<: unknown key "<<"
    network: {<<: {features: 128}}
              ^
  accepted keys: features, elements, nodes, layers, activation, seed, trunk)-"},
      {"a scalar where a mapping belongs", "mixed_order_decay.yaml", "network: {features: 128, nodes: 5}", "network: 128",
       R"-(mixed_order_decay.yaml:9:10: network: a mapping is needed, not "128"
    network: 128
             ^
  accepted keys: features, elements, nodes, layers, activation, seed, trunk)-"},
      {"a list where a mapping belongs", "mixed_order_decay.yaml", "network: {features: 128, nodes: 5}", "network: [128]",
       R"-(mixed_order_decay.yaml:9:10: network: a mapping is needed, not a list
    network: [128]
             ^
  accepted keys: features, elements, nodes, layers, activation, seed, trunk)-"},
      {"a mapping where a number belongs", "mixed_order_decay.yaml", "samples: 4096", "samples: {a: 1}",
       R"-(mixed_order_decay.yaml:4:12: sweep.samples: an integer is needed, not a mapping
    samples: {a: 1}
             ^
  give one value)-"},
      {"a value missing", "mixed_order_decay.yaml", "samples: 4096", "samples:",
       R"-(mixed_order_decay.yaml:4:3: sweep.samples: an integer is needed, nothing is given
    samples:
    ^
  give one value)-"},
      {"a word where an integer belongs", "mixed_order_decay.yaml", "samples: 4096", "samples: many",
       R"-(mixed_order_decay.yaml:4:12: sweep.samples: an integer is needed, not "many"
    samples: many
             ^
  accepted: an integer from 1 to 1000000000)-"},
      {"a number in quotes", "mixed_order_decay.yaml", "samples: 4096", R"(samples: "4096")",
       R"-(mixed_order_decay.yaml:4:12: sweep.samples: an integer is needed, not "4096" in quotes
    samples: "4096"
             ^
  accepted: an integer from 1 to 1000000000)-"},
      {"a fraction where an integer belongs", "mixed_order_decay.yaml", "samples: 4096", "samples: 40.5",
       R"-(mixed_order_decay.yaml:4:12: sweep.samples: an integer is needed, not "40.5"
    samples: 40.5
             ^
  accepted: an integer from 1 to 1000000000)-"},
      {"an integer written as a float", "mixed_order_decay.yaml", "samples: 4096", "samples: 1e3",
       R"-(mixed_order_decay.yaml:4:12: sweep.samples: an integer is needed, not "1e3"
    samples: 1e3
             ^
  write it out: 1000)-"},
      {"an integer out of range", "mixed_order_decay.yaml", "samples: 4096", "samples: 0",
       R"-(mixed_order_decay.yaml:4:12: sweep.samples: 0 is out of range
    samples: 0
             ^
  accepted: an integer from 1 to 1000000000)-"},
      {"an integer beyond 64 bits", "mixed_order_decay.yaml", "seed: 7", "seed: 9223372036854775808",
       R"-(mixed_order_decay.yaml:5:9: sweep.seed: 9223372036854775808 is out of range
    seed: 9223372036854775808
          ^
  accepted: an integer from 0 to 9223372036854775807)-"},
      {"an integer of many digits", "mixed_order_decay.yaml", "seed: 7", "seed: 1234567890123456789012345678901234567890123456789012345678901234567890",
       R"-(mixed_order_decay.yaml:5:9: sweep.seed: 123456789012345678901234567890123456789012345678901234567890... is out of range
    seed: 1234567890123456789012345678901234567890123456789012345678901234567890
          ^
  accepted: an integer from 0 to 9223372036854775807)-"},
      {"negative seed", "mixed_order_decay.yaml", "seed: 7", "seed: -1",
       R"-(mixed_order_decay.yaml:5:9: sweep.seed: -1 is out of range
    seed: -1
          ^
  accepted: an integer from 0 to 9223372036854775807)-"},
      {"features too many", "mixed_order_decay.yaml", "features: 128", "features: 2048",
       R"-(mixed_order_decay.yaml:9:21: network.features: 2048 is out of range
    network: {features: 2048, nodes: 5}
                        ^
  accepted: an integer from 4 to 1024)-"},
      {"nodes too few", "mixed_order_decay.yaml", "nodes: 5", "nodes: 1",
       R"-(mixed_order_decay.yaml:9:33: network.nodes: 1 is out of range
    network: {features: 128, nodes: 1}
                                    ^
  accepted: an integer from 2 to 9)-"},
      {"layers out of range", "mixed_order_decay.yaml", "nodes: 5", "layers: 65",
       R"-(mixed_order_decay.yaml:9:34: network.layers: 65 is out of range
    network: {features: 128, layers: 65}
                                     ^
  accepted: an integer from 1 to 64)-"},
      {"elements out of range", "mixed_order_decay.yaml", "nodes: 5", "elements: 1",
       R"-(mixed_order_decay.yaml:9:36: network.elements: 1 is out of range
    network: {features: 128, elements: 1}
                                       ^
  accepted: an integer from 2 to 2000)-"},
      {"unknown activation", "mixed_order_decay.yaml", "nodes: 5", "activation: relu",
       R"-(mixed_order_decay.yaml:9:38: network.activation: unknown value "relu"; did you mean "gelu" or "selu"?
    network: {features: 128, activation: relu}
                                         ^
  accepted: tanh, sine, sin, silu, gelu, selu, erf)-"},
      {"seed twice", "mixed_order_decay.yaml", "nodes: 5", "seed: 1, trunk: {seed: 2}",
       R"-(mixed_order_decay.yaml:9:43: network.trunk.seed: "seed" is given here and in network
    network: {features: 128, seed: 1, trunk: {seed: 2}}
                                              ^
  give it once)-"},
      {"width too small", "mixed_order_decay.yaml", "nodes: 5", "trunk: {width: 3}",
       R"-(mixed_order_decay.yaml:9:41: network.trunk.width: 3 is out of range
    network: {features: 128, trunk: {width: 3}}
                                            ^
  accepted: an integer from 4 to 2048)-"},
      {"unknown init", "mixed_order_decay.yaml", "nodes: 5", "trunk: {init: edge}",
       R"-(mixed_order_decay.yaml:9:40: network.trunk.init: unknown value "edge"
    network: {features: 128, trunk: {init: edge}}
                                           ^
  accepted: uniform, critical, {sigma_w: 1.5, sigma_b: 0.1}, {sigma_w: critical, sigma_b: 0.1})-"},
      {"init without weights", "mixed_order_decay.yaml", "nodes: 5", "trunk: {init: {sigma_b: 0.1}}",
       R"-(mixed_order_decay.yaml:9:34: network.trunk.init.sigma_w: the key is missing
    network: {features: 128, trunk: {init: {sigma_b: 0.1}}}
                                     ^
  give the weights' standard deviation times the root of the width, or critical)-"},
      {"negative sigma", "mixed_order_decay.yaml", "nodes: 5", "trunk: {init: {sigma_w: -1}}",
       R"-(mixed_order_decay.yaml:9:50: network.trunk.init.sigma_w: -1 is out of range
    network: {features: 128, trunk: {init: {sigma_w: -1}}}
                                                     ^
  accepted: critical, or a number from 0 to 100)-"},
      {"unknown skip", "mixed_order_decay.yaml", "nodes: 5", "trunk: {skip: dense}",
       R"-(mixed_order_decay.yaml:9:40: network.trunk.skip: unknown value "dense"
    network: {features: 128, trunk: {skip: dense}}
                                           ^
  accepted: none, residual)-"},
      {"unknown key of the trunk", "mixed_order_decay.yaml", "nodes: 5", "trunk: {depth: 3}",
       R"-(mixed_order_decay.yaml:9:34: network.trunk.depth: unknown key "depth"
    network: {features: 128, trunk: {depth: 3}}
                                     ^
  accepted keys: layers, width, activation, init, skip, seed, train)-"},
      {"no pilot points", "mixed_order_decay.yaml", "nodes: 5", "trunk: {train: {points: 0}}",
       R"-(mixed_order_decay.yaml:9:50: network.trunk.train.points: 0 is out of range
    network: {features: 128, trunk: {train: {points: 0}}}
                                                     ^
  accepted: an integer from 1 to 4096)-"},
      {"unknown method", "mixed_order_decay.yaml", "method: gauss_newton", "method: gauss",
       R"-(mixed_order_decay.yaml:10:20: training.method: unknown value "gauss"
    training: {method: gauss, ansatz: frames, tolerance: 1.0e-8, max_iterations: 60}
                       ^
  accepted: gauss_newton, adam, plain, matching)-"},
      {"unknown ansatz", "mixed_order_decay.yaml", "ansatz: frames", "ansatz: total",
       R"-(mixed_order_decay.yaml:10:42: training.ansatz: unknown value "total"
    training: {method: gauss_newton, ansatz: total, tolerance: 1.0e-8, max_iterations: 60}
                                             ^
  accepted: frames, sum)-"},
      {"tolerance out of range", "mixed_order_decay.yaml", "tolerance: 1.0e-8", "tolerance: 0",
       R"-(mixed_order_decay.yaml:10:61: training.tolerance: 0 is out of range
    training: {method: gauss_newton, ansatz: frames, tolerance: 0, max_iterations: 60}
                                                                ^
  accepted: a relative error above 0 and below 1, e.g. 1e-6)-"},
      {"tolerance not a number", "mixed_order_decay.yaml", "tolerance: 1.0e-8", "tolerance: .nan",
       R"-(mixed_order_decay.yaml:10:61: training.tolerance: a finite number is needed, not ".nan"
    training: {method: gauss_newton, ansatz: frames, tolerance: .nan, max_iterations: 60}
                                                                ^
  a number is 0 or has a size from about 1e-307 to 1.8e308)-"},
      {"tolerance infinite", "mixed_order_decay.yaml", "tolerance: 1.0e-8", "tolerance: .inf",
       R"-(mixed_order_decay.yaml:10:61: training.tolerance: a finite number is needed, not ".inf"
    training: {method: gauss_newton, ansatz: frames, tolerance: .inf, max_iterations: 60}
                                                                ^
  a number is 0 or has a size from about 1e-307 to 1.8e308)-"},
      {"tolerance too large for a double", "mixed_order_decay.yaml", "tolerance: 1.0e-8", "tolerance: 1e400",
       R"-(mixed_order_decay.yaml:10:61: training.tolerance: a finite number is needed, not "1e400"
    training: {method: gauss_newton, ansatz: frames, tolerance: 1e400, max_iterations: 60}
                                                                ^
  a number is 0 or has a size from about 1e-307 to 1.8e308)-"},
      {"tolerance with a unit", "mixed_order_decay.yaml", "tolerance: 1.0e-8", "tolerance: 1 percent",
       R"-(mixed_order_decay.yaml:10:61: training.tolerance: a number is needed, not "1 percent"
    training: {method: gauss_newton, ansatz: frames, tolerance: 1 percent, max_iterations: 60}
                                                                ^
  write it like 0.5 or 1e-3, without quotes or units)-"},
      {"max_iterations out of range", "mixed_order_decay.yaml", "max_iterations: 60", "max_iterations: 10001",
       R"-(mixed_order_decay.yaml:10:85: training.max_iterations: 10001 is out of range
    training: {method: gauss_newton, ansatz: frames, tolerance: 1.0e-8, max_iterations: 10001}
                                                                                        ^
  accepted: an integer from 1 to 10000)-"},
      {"unknown key of Adam", "mixed_order_decay.yaml", "max_iterations: 60", "adam: {epochs: 5}",
       R"-(mixed_order_decay.yaml:10:76: training.adam.epochs: unknown key "epochs"
    training: {method: gauss_newton, ansatz: frames, tolerance: 1.0e-8, adam: {epochs: 5}}
                                                                               ^
  accepted keys: steps, learning_rate, width, layers, points)-"},
      {"learning rate out of range", "mixed_order_decay.yaml", "max_iterations: 60",
       "adam: {learning_rate: 0}",
       R"-(mixed_order_decay.yaml:10:91: training.adam.learning_rate: 0 is out of range
    training: {method: gauss_newton, ansatz: frames, tolerance: 1.0e-8, adam: {learning_rate: 0}}
                                                                                              ^
  accepted: a step of the weights above 0 and at most 1, e.g. 5e-3)-"},
      {"steps out of range", "mixed_order_decay.yaml", "max_iterations: 60", "adam: {steps: 0}",
       R"-(mixed_order_decay.yaml:10:83: training.adam.steps: 0 is out of range
    training: {method: gauss_newton, ansatz: frames, tolerance: 1.0e-8, adam: {steps: 0}}
                                                                                      ^
  accepted: an integer from 1 to 10000000)-"},
      {"layers not an integer", "mixed_order_decay.yaml", "max_iterations: 60", "adam: {layers: 2.5}",
       R"-(mixed_order_decay.yaml:10:84: training.adam.layers: an integer is needed, not "2.5"
    training: {method: gauss_newton, ansatz: frames, tolerance: 1.0e-8, adam: {layers: 2.5}}
                                                                                       ^
  accepted: an integer from 1 to 8)-"},
      {"estimate not a boolean", "mixed_order_decay.yaml", "estimate: true", "estimate: yes",
       R"-(mixed_order_decay.yaml:11:26: verification.estimate: true or false is needed, not "yes"
    verification: {estimate: yes, reference_fraction: 0.02}
                             ^
  accepted: true, false)-"},
      {"reference_fraction out of range", "mixed_order_decay.yaml", "reference_fraction: 0.02", "reference_fraction: 1.5",
       R"-(mixed_order_decay.yaml:11:52: verification.reference_fraction: 1.5 is out of range
    verification: {estimate: true, reference_fraction: 1.5}
                                                       ^
  accepted: the share of points to verify, from 0 to 1)-"},
      {"block out of range", "mixed_order_decay.yaml", "block: 128", "block: 65537",
       R"-(mixed_order_decay.yaml:12:14: run.block: 65537 is out of range
    run: {block: 65537, device: auto}
                 ^
  accepted: an integer from 1 to 65536)-"},
      {"unknown device", "mixed_order_decay.yaml", "device: auto", "device: gpu",
       R"-(mixed_order_decay.yaml:12:27: run.device: unknown device "gpu"
    run: {block: 128, device: gpu}
                              ^
  accepted: auto, cpu, cuda, cuda:N (N = 0, 1, ...))-"},
      {"time limit that is none", "mixed_order_decay.yaml", "device: auto", "time_limit: soon",
       R"-(mixed_order_decay.yaml:12:31: run.time_limit: "soon" is not a time
    run: {block: 128, time_limit: soon}
                                  ^
  accepted: seconds, or [days-]hours:minutes:seconds, e.g. 5400, 01:30:00 or 2-12:00:00; 0 for none)-"},
      {"bad device number", "mixed_order_decay.yaml", "device: auto", R"(device: "cuda:x")",
       R"-(mixed_order_decay.yaml:12:27: run.device: unknown device "cuda:x"
    run: {block: 128, device: "cuda:x"}
                              ^
  accepted: auto, cpu, cuda, cuda:N (N = 0, 1, ...))-"},
      {"too few output points", "mixed_order_decay.yaml", "points: 256", "points: 1",
       R"-(mixed_order_decay.yaml:13:18: output.points: 1 is out of range
    output: {points: 1, store: [solution, coefficients, heads, matching]}
                     ^
  accepted: an integer from 2 to 100000)-"},
      {"output points out of range", "mixed_order_decay.yaml", "points: 256", "points: [1.0e-5, 1]",
       R"-(mixed_order_decay.yaml:13:19: output.points.0: 1e-05 is out of the range of t
    output: {points: [1.0e-5, 1], store: [solution, coefficients, heads, matching]}
                      ^
  accepted: 1e-04 to 100)-"},
      {"output points not increasing", "mixed_order_decay.yaml", "points: 256", "points: [1, 1]",
       R"-(mixed_order_decay.yaml:13:22: output.points.1: 1 is not above the point before it, 1
    output: {points: [1, 1], store: [solution, coefficients, heads, matching]}
                         ^
  give increasing numbers)-"},
      {"output points empty", "mixed_order_decay.yaml", "points: 256", "points: []",
       R"-(mixed_order_decay.yaml:13:18: output.points: the list has 0 points
    output: {points: [], store: [solution, coefficients, heads, matching]}
                     ^
  accepted: 1 to 100000 increasing numbers, or an integer)-"},
      {"output points not numbers", "mixed_order_decay.yaml", "points: 256", "points: [1, two]",
       R"-(mixed_order_decay.yaml:13:22: output.points.1: a number is needed, not "two"
    output: {points: [1, two], store: [solution, coefficients, heads, matching]}
                         ^
  write it like 0.5 or 1e-3, without quotes or units)-"},
      {"unknown store", "mixed_order_decay.yaml", "[solution, coefficients", "[solutions, coefficients",
       R"-(mixed_order_decay.yaml:13:31: output.store.0: unknown value "solutions"; did you mean "solution"?
    output: {points: 256, store: [solutions, coefficients, heads, matching]}
                                  ^
  accepted: solution, coefficients, heads, matching, sensitivities)-"},
      {"store twice", "mixed_order_decay.yaml", "[solution, coefficients", "[heads, coefficients",
       R"-(mixed_order_decay.yaml:13:52: output.store.2: "heads" is given twice
    output: {points: 256, store: [heads, coefficients, heads, matching]}
                                                       ^
  give it once)-"},
      {"sensitivities without frames", "mixed_order_decay.yaml", nullptr, R"-(problem: mixed_order_decay_problem.yaml
sweep: {sampler: sobol, samples: 8, parameters: {k1: {range: [0.01, 1], scale: log}}}
training: {ansatz: sum}
output: {store: [solution, sensitivities]}
)-",
       R"-(mixed_order_decay.yaml:4:17: output.store: sensitivities are asked for, but training.ansatz is sum, whose constants obey no equation of their own
    output: {store: [solution, sensitivities]}
                    ^
  use training.method gauss_newton or adam with the ansatz frames, or leave sensitivities out)-"},
      {"sensitivities of a method without constants", "mixed_order_decay.yaml", nullptr, R"-(problem: mixed_order_decay_problem.yaml
sweep: {sampler: sobol, samples: 8, parameters: {k1: {range: [0.01, 1], scale: log}}}
training: {method: plain}
output: {store: [sensitivities]}
)-",
       R"-(mixed_order_decay.yaml:4:17: output.store: sensitivities are asked for, but training.method is plain, which promotes no constants to functions
    output: {store: [sensitivities]}
                    ^
  use training.method gauss_newton or adam with the ansatz frames, or leave sensitivities out)-"},
      {"sensitivities to nothing", "mixed_order_decay.yaml", nullptr, R"-(problem: mixed_order_decay_problem.yaml
sweep: {sampler: grid, parameters: {k1: 0.5}}
output: {store: [sensitivities]}
)-",
       R"-(mixed_order_decay.yaml:3:17: output.store: sensitivities are asked for, but the sweep varies no parameter
    output: {store: [sensitivities]}
                    ^
  vary one under sweep.parameters, or leave sensitivities out)-"},
      {"store is no list", "mixed_order_decay.yaml", "[solution, coefficients, heads, matching]", "heads",
       R"-(mixed_order_decay.yaml:13:30: output.store: a list is needed, not "heads"
    output: {points: 256, store: heads}
                                 ^
  write [first, second, ...])-"},
      {"missing problem file", "mixed_order_decay.yaml", "problem: mixed_order_decay_problem.yaml", "problem: none.yaml",
       R"-(mixed_order_decay.yaml:1:10: problem: the problem file cannot be read: none.yaml: No such file or directory
    problem: none.yaml
             ^
  the path is relative to the job file)-"},
      {"a problem file that is no mapping", "mixed_order_decay.yaml", "problem: mixed_order_decay_problem.yaml", "problem: points.csv",
       R"-(points.csv:1:1: problem: a problem file is a mapping
    k2, k1
    ^
  write `key: value` pairs, starting with `name`)-"},
      {"an empty problem file", "mixed_order_decay_problem.yaml", nullptr, "",
       R"-(mixed_order_decay_problem.yaml:1:1: problem: a problem file is a mapping
  write `key: value` pairs, starting with `name`)-"},
};
// clang-format on

TEST(ReaderYamlMessages, SayPlaceProblemAndRemedy) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    Workspace workspace;
    workspace.edit(one.file, one.from, one.to);
    EXPECT_EQ(workspace.message(job_of(one.file, one.what)), one.message);
  }
}

}  // namespace
}  // namespace gluesweep::job
