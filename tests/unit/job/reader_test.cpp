#include "gluesweep/job/reader.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "workspace.hpp"

namespace gluesweep::job {
namespace {

TEST(Reader, ReadsTheExample) {
  const Workspace workspace;
  const Job job = workspace.read("mixed_order_decay.yaml");
  const Problem& problem = job.problem;
  EXPECT_EQ(problem.name, "mixed_order_decay");
  EXPECT_EQ(problem.description, "A species consumed in first and second order.");
  EXPECT_EQ(problem.variable.symbol, "t");
  EXPECT_EQ(problem.variable.start, 1.0e-4);
  EXPECT_EQ(problem.variable.end, 100.0);
  EXPECT_EQ(problem.variable.scale, Scale::log);
  EXPECT_EQ(problem.variable.unit, "s");
  EXPECT_EQ(problem.variable.label, "time");
  ASSERT_EQ(problem.parameters.size(), 3U);
  EXPECT_EQ(problem.parameters[1].name, "k2");
  EXPECT_EQ(problem.parameters[1].default_value, 100.0);
  EXPECT_TRUE(problem.parameters[1].has_default);
  EXPECT_EQ(problem.parameters[1].unit, "L/(mol s)");
  EXPECT_EQ(problem.parameters[1].label, "second-order rate");
  ASSERT_EQ(problem.definitions.size(), 2U);
  EXPECT_EQ(problem.definitions[1].value.text, "exp(-k1*t)");
  ASSERT_EQ(problem.unknowns.size(), 1U);
  EXPECT_EQ(problem.unknowns[0].equation.text, "-k1*A - k2*A**2");
  EXPECT_EQ(problem.unknowns[0].magnitude.text, "abs(A)");
  EXPECT_TRUE(problem.unknowns[0].exact);
  ASSERT_EQ(problem.conditions.size(), 1U);
  EXPECT_EQ(problem.conditions[0].place, Condition::Place::start);
  EXPECT_EQ(problem.conditions[0].at, 1.0e-4);
  ASSERT_EQ(problem.patches.size(), 2U);
  EXPECT_EQ(problem.patches[0].until.text, "1/k1");
  EXPECT_EQ(problem.patches[0].overlap.text, "1.5");
  EXPECT_FALSE(problem.patches[1].until);
  EXPECT_EQ(problem.patches[1].constants[0].guess.text, "log(A0) - log(1 + kappa)");
  ASSERT_EQ(problem.derived.size(), 2U);
  EXPECT_EQ(problem.derived[0].value.text, "exp(first_order_d_limit)");
  EXPECT_EQ(problem.derived[1].unit, "s");
  EXPECT_EQ(problem.derived[1].label, "hand-over time");
}

TEST(Reader, ReadsTheSettingsOfTheExample) {
  const Workspace workspace;
  const Job job = workspace.read("mixed_order_decay.yaml");
  EXPECT_EQ(job.sweep.sampler, Sampler::sobol);
  EXPECT_EQ(job.sweep.samples, 4096);
  EXPECT_EQ(job.sweep.seed, 7U);
  ASSERT_EQ(job.sweep.parameters.size(), 2U);
  EXPECT_EQ(job.sweep.parameters[0].kind, SweptParameter::Kind::range);
  EXPECT_EQ(job.sweep.parameters[0].low, 0.01);
  EXPECT_EQ(job.sweep.parameters[0].high, 1.0);
  EXPECT_EQ(job.sweep.parameters[0].scale, Scale::log);
  EXPECT_EQ(job.network.features, 128) << "the job's own value beats the problem's recommendation";
  EXPECT_EQ(job.network.elements, 30) << "the problem's recommendation beats the default";
  EXPECT_EQ(job.network.nodes, 5);
  EXPECT_EQ(job.training.tolerance, 1.0e-8);
  EXPECT_EQ(job.training.max_iterations, 60);
  EXPECT_FALSE(job.training.uses_adam());
  EXPECT_EQ(job.training.adam.steps, 5000);
  EXPECT_TRUE(job.verification.estimate);
  EXPECT_EQ(job.verification.reference_fraction, 0.02);
  EXPECT_EQ(job.run.block, 128);
  EXPECT_EQ(job.run.device, "auto");
  EXPECT_EQ(job.output_points().size(), 256U);
}

TEST(Reader, ReadsEveryOptionalKey) {
  const Workspace workspace;
  const Job job = workspace.read("oscillator.yaml");
  const Problem& problem = job.problem;
  EXPECT_EQ(problem.state_names(), (std::vector<std::string>{"phi", "phi_t", "q"}));
  EXPECT_FALSE(problem.parameters[0].has_default);
  EXPECT_EQ(problem.unknowns[1].magnitude.text, "abs(q)");
  EXPECT_EQ(problem.unknowns[1].unit, "1");
  ASSERT_EQ(problem.conditions.size(), 2U);
  EXPECT_EQ(problem.conditions[0].values.size(), 2U);
  EXPECT_EQ(problem.conditions[1].place, Condition::Place::number);
  EXPECT_EQ(problem.conditions[1].at, 5.0);
  EXPECT_EQ(problem.patches[0].overlap.text, "0.25");
  EXPECT_EQ(problem.patches[1].overlap.text, "0.5");
  EXPECT_EQ(problem.patches[0].resolve.size(), 2U);
  ASSERT_EQ(problem.patches[0].inverse.size(), 3U);
  EXPECT_EQ(problem.patches[0].inverse[1].text, "phi_t");
  EXPECT_TRUE(problem.patches[1].inverse.empty());
  EXPECT_TRUE(problem.patches[0].definitions.empty());
  ASSERT_EQ(problem.patches[1].definitions.size(), 2U);
  EXPECT_EQ(problem.patches[1].definitions[1].name, "sum");
  EXPECT_EQ(problem.patches[1].definitions[1].value.text, "a*cos(omega*t) + wave");
  EXPECT_EQ(job.sweep.samples, 12);
  EXPECT_EQ(job.sweep.parameters[0].points, 4);
  EXPECT_EQ(job.sweep.parameters[1].values, (std::vector<double>{0.1, 0.3, 0.2}));
  EXPECT_EQ(job.network.activation, Network::Activation::sine);
  EXPECT_EQ(job.network.layers, 2);
  EXPECT_EQ(job.network.seed, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(job.training.method, Training::Method::matching);
  EXPECT_FALSE(job.verification.estimate);
  EXPECT_EQ(job.run.device, "cuda:1");
  EXPECT_EQ(job.output.values, (std::vector<double>{0.0, 0.5, 10.0}));
  EXPECT_FALSE(job.output.solution);
  EXPECT_TRUE(job.output.heads);
}

TEST(Reader, ReadsTimesAsBatchSystemsWriteThem) {
  const Workspace workspace;
  const auto limit = [&](const std::string& text) {
    return workspace.read("mixed_order_decay.yaml", {"run.time_limit=" + text}).run.time_limit;
  };
  EXPECT_EQ(limit("90"), 90.0);
  EXPECT_EQ(limit("0.5"), 0.5);
  EXPECT_EQ(limit("01:30:00"), 5400.0);
  EXPECT_EQ(limit("2-12:00:05"), 2 * 86400.0 + 12 * 3600.0 + 5.0);
  EXPECT_EQ(limit("0"), 0.0);
  for (const char* bad : {"-1", "1:30", "1:2:3:4", "x:00:00", "1-", "nan", "1e10", "1:-2:00"})
    EXPECT_THROW(limit(bad), InputError) << bad;
}

TEST(Reader, ReadsAListOfPoints) {
  const Workspace workspace;
  const Job job = workspace.read("listed.yaml");
  EXPECT_EQ(job.sweep.samples, 3);
  ASSERT_EQ(job.sweep.parameters.size(), 3U);
  EXPECT_EQ(job.sweep.parameters[0].name, "k2");
  EXPECT_EQ(job.sweep.parameters[0].values, (std::vector<double>{10, 1000, 100}));
  EXPECT_EQ(job.sweep.parameters[1].values, (std::vector<double>{0.01, 0.5, 1}));
  EXPECT_EQ(job.sweep.parameters[2].name, "A0");
  EXPECT_EQ(job.sweep.parameters[2].kind, SweptParameter::Kind::fixed);
  EXPECT_EQ(job.sweep.parameters[2].fixed, 2.0);
}

TEST(Reader, ReadsListsWithOtherLineEnds) {
  const Workspace workspace;
  workspace.write("points.csv", "\xEF\xBB\xBFk1\r\n0.5\r\n+1.5\r\n\r\n");
  EXPECT_EQ(workspace.read("listed.yaml").sweep.parameters[0].values, (std::vector<double>{0.5, 1.5}));
}

TEST(Reader, AcceptsAnchorsLineEndsAndByteOrderMarks) {
  const Workspace workspace;
  workspace.edit("mixed_order_decay.yaml", "k1: {range: [1.0e-2, 1.0], scale: log}",
                 "k1: &wide {range: [1.0e-2, 1.0], scale: log}");
  workspace.edit("mixed_order_decay.yaml", "k2: {range: [10, 1000], scale: log}", "k2: *wide");
  std::string text = "\xEF\xBB\xBF";
  for (const char c : workspace.text("mixed_order_decay.yaml"))
    text += c == '\n' ? "\r\n" : std::string(1, c);
  workspace.write("mixed_order_decay.yaml", text);
  const Job job = workspace.read("mixed_order_decay.yaml");
  EXPECT_EQ(job.sweep.parameters[1].low, 0.01);
  EXPECT_EQ(job.run.device, "auto");
}

TEST(Reader, AcceptsExpressionsAsNumbersAndFoldedBlocks) {
  const Workspace workspace;
  workspace.edit("mixed_order_decay_problem.yaml", "equations: {A: \"-k1*A - k2*A**2\"}",
                 "equations:\n  A: >-\n    -k1*A\n    - k2*A**2");
  workspace.edit("mixed_order_decay_problem.yaml", "until: \"1/k1\"", "until: 10");
  const Problem problem = workspace.read("mixed_order_decay.yaml").problem;
  EXPECT_EQ(problem.unknowns[0].equation.text, "-k1*A - k2*A**2");
  EXPECT_EQ(problem.patches[0].until.text, "10");
}

TEST(Reader, FindsConditionPlacesAtTheEnds) {
  const Workspace workspace;
  workspace.edit("oscillator.yaml", "at: 5.0", "at: 10");
  workspace.edit("oscillator.yaml", "at: start", "at: 0.0");
  const Problem problem = workspace.read("oscillator.yaml").problem;
  EXPECT_EQ(problem.conditions[0].place, Condition::Place::start);
  EXPECT_EQ(problem.conditions[1].place, Condition::Place::end);
  EXPECT_EQ(problem.conditions[1].at, 10.0);
}

TEST(Reader, AcceptsAProblemWithNothingOptional) {
  const Workspace workspace;
  workspace.write("smallest.yaml", R"(
problem:
  name: smallest
  variable: {symbol: x, range: [0, 1], scale: linear}
  unknowns: {y: }
  equations: {y: -y}
  conditions: [{at: start, y: 1}]
  patches: [{name: only, constants: {c: 1}, solution: {y: c*exp(-x)}}]
sweep: {sampler: grid}
)");
  const Job job = workspace.read("smallest.yaml");
  EXPECT_EQ(job.sweep.samples, 1);
  EXPECT_EQ(job.network.elements, Network().elements);
  EXPECT_EQ(resolved_yaml(parse_resolved(resolved_yaml(job))), resolved_yaml(job));
}

TEST(Reader, NamesAMissingJobFile) {
  const Workspace workspace;
  EXPECT_EQ(
      workspace.message("none.yaml"),
      "none.yaml: the job file cannot be read: No such file or directory\n  give the path of a YAML file");
  std::filesystem::create_directory(workspace.path("directory"));
  EXPECT_EQ(workspace.message("directory"),
            "directory: the job file cannot be read: Is a directory\n  give the path of a YAML file");
}

TEST(Reader, OverridesValues) {
  const Workspace workspace;
  const Job job = workspace.read(
      "mixed_order_decay.yaml",
      {"sweep.samples=8", "sweep.samples=64", "training.method=matching", "sweep.parameters.k1=0.5",
       "sweep.parameters.k2.range=[20, 30]", "problem.parameters.k1.default=0.2",
       "problem.patches.0.until=2/k1", "problem.patches.0.overlap=2", "problem.network.layers=3",
       "output.points=[1, 2]", "run.device=cuda:0"});
  EXPECT_EQ(job.sweep.samples, 64);
  EXPECT_EQ(job.training.method, Training::Method::matching);
  EXPECT_EQ(job.training.tolerance, 1.0e-8) << "the rest of the mapping stays";
  EXPECT_EQ(job.sweep.parameters[0].fixed, 0.5);
  EXPECT_EQ(job.sweep.parameters[1].high, 30.0);
  EXPECT_EQ(job.sweep.parameters[1].scale, Scale::log);
  EXPECT_EQ(job.problem.parameters[0].default_value, 0.2);
  EXPECT_EQ(job.problem.patches[0].until.text, "2/k1");
  EXPECT_EQ(job.network.layers, 3);
  EXPECT_EQ(job.output.values.size(), 2U);
  EXPECT_EQ(job.run.device, "cuda:0");
}

TEST(Reader, ReadsTheTrunk) {
  const Workspace workspace;
  const auto network = [&](const std::string& trunk) {
    return workspace.read("mixed_order_decay.yaml", {"network.trunk={" + trunk + "}"}).network;
  };
  const auto all = network(
      "layers: 12, width: 40, activation: gelu, init: {sigma_w: 1.5, sigma_b: 0.25}, skip: residual, seed: "
      "9");
  EXPECT_EQ(all.features, 128) << "beside the trunk";
  EXPECT_EQ(all.layers, 12);
  EXPECT_EQ(all.width, 40);
  EXPECT_EQ(all.neurons(), 40);
  EXPECT_EQ(all.activation, Network::Activation::gelu);
  EXPECT_EQ(all.init.law, Network::Init::Law::gaussian);
  EXPECT_EQ(all.init.sigma_w, 1.5);
  EXPECT_EQ(all.init.sigma_b, 0.25);
  EXPECT_EQ(all.skip, Network::Skip::residual);
  EXPECT_EQ(all.seed, 9U);
  EXPECT_EQ(all.train.points, 0) << "of so many features";
  EXPECT_EQ(network("init: critical").init.law, Network::Init::Law::critical);
  EXPECT_EQ(network("init: {sigma_w: critical, sigma_b: 0.1}").init.sigma_b, 0.1);
  EXPECT_EQ(network("init: uniform").init.law, Network::Init::Law::uniform);
  EXPECT_EQ(network("layers: 2").neurons(), 128) << "as wide as it has features";
  EXPECT_EQ(network("activation: sin").activation, Network::Activation::sine);
  EXPECT_EQ(network("train: {}").train.points, 256);
  EXPECT_EQ(network("train: {}").width, 256);
  EXPECT_EQ(network("train: {}").train.steps, 0);
  EXPECT_EQ(network("train: {points: 5, steps: 3}, width: 60").train.steps, 3);
  EXPECT_EQ(network("train: {points: 5, steps: 3}, width: 60").width, 60);
  EXPECT_EQ(network("train: none").train.points, 0);
}

TEST(Reader, TrainsTheTrunkOfFramesUnlessTold) {
  const Workspace workspace;
  const auto network = [&](std::vector<std::string> overrides) {
    overrides.emplace_back("problem.network={}");
    return workspace.read("mixed_order_decay.yaml", overrides).network;
  };
  const auto trained = network({"network={}"});
  EXPECT_EQ(trained.train.points, 256);
  EXPECT_EQ(trained.train.steps, 0);
  EXPECT_EQ(trained.features, 72);
  EXPECT_EQ(trained.width, 256);
  EXPECT_EQ(network({"network={features: 84}"}).train.points, 256);
  EXPECT_EQ(network({"network={features: 85}"}).train.points, 0) << "more would be trained on rounding";
  EXPECT_EQ(network({"network={features: 300, trunk: {train: {}}}"}).width, 300)
      << "features are combinations of neurons";
  EXPECT_EQ(network({"network={trunk: {width: 90}}"}).width, 90);
  for (const char* drawn : {"network={trunk: {train: none}}", "training.ansatz=sum", "training.method=adam",
                            "training.method=plain", "training.method=matching"}) {
    const auto other = network({"network={}", drawn});
    EXPECT_EQ(other.train.points, 0) << drawn;
    EXPECT_EQ(other.features, 96) << drawn;
    EXPECT_EQ(other.neurons(), 96) << drawn;
  }
  EXPECT_EQ(network({"training.method=adam", "network={trunk: {train: {}}}"}).train.points, 0) << "has none";
}

TEST(Reader, RecommendsFeaturesForATrainedTrunk) {
  const Workspace workspace;
  const auto features = [&](const std::string& recommended, const std::string& own) {
    return workspace
        .read("mixed_order_decay.yaml",
              {"problem.network={features: " + recommended + "}", "network={" + own + "}"})
        .network.features;
  };
  EXPECT_EQ(features("60", ""), 60);
  EXPECT_EQ(features("60", "trunk: {train: none}"), 80) << "drawn ones do less";
  EXPECT_EQ(features("60", "features: 50, trunk: {train: none}"), 50) << "the job's own are what they are";
  EXPECT_EQ(features("120", ""), 120);
  EXPECT_EQ(features("120", "trunk: {train: none}"), 120);
}

TEST(Reader, DrawsTheTrunkOfFilesThatSayNothing) {
  const Workspace workspace;
  auto text = resolved_yaml(workspace.read("mixed_order_decay.yaml", {"network.trunk.train=none"}));
  const std::string said = ", trunk: {train: none}";
  ASSERT_NE(text.find(said), std::string::npos) << text;
  const auto hash = job_hash(parse_resolved(text));
  const auto before = text.replace(text.find(said), said.size(), "");
  EXPECT_EQ(parse_resolved(before).network.train.points, 0) << "files of earlier versions";
  EXPECT_EQ(job_hash(parse_resolved(before)), hash);
}

TEST(Network, DrawnOnesTakeMoreFeatures) {
  Network network;
  network.train.points = 256;
  network.width = 256;
  network.features = 72;
  network.elements = 7;
  const auto drawn = network.drawn();
  EXPECT_EQ(drawn.features, 96);
  EXPECT_EQ(drawn.neurons(), 96);
  EXPECT_EQ(drawn.train.points, 0);
  EXPECT_EQ(drawn.elements, 7);
  EXPECT_EQ(drawn.drawn().features, 96);
}

TEST(Reader, TheJobsTrunkOverridesTheProblems) {
  const Workspace workspace;
  const auto network =
      workspace
          .read("mixed_order_decay.yaml",
                {"problem.network={layers: 3, trunk: {skip: residual}}", "network.trunk={layers: 2}"})
          .network;
  EXPECT_EQ(network.layers, 2);
  EXPECT_EQ(network.skip, Network::Skip::residual);
}

TEST(Reader, OverridesAbsentSectionsAndWholeFiles) {
  const Workspace workspace;
  const Job job = workspace.read(
      "listed.yaml", {"network.features=32", "verification.estimate=false", "training.rescue=false"});
  EXPECT_EQ(job.network.features, 32);
  EXPECT_FALSE(job.verification.estimate);
  EXPECT_FALSE(job.training.rescue);
  workspace.edit("listed.yaml", "mixed_order_decay_problem.yaml", "none.yaml");
  EXPECT_EQ(workspace.read("listed.yaml", {"problem=mixed_order_decay_problem.yaml", "problem.name=x"})
                .problem.name,
            "x");
}

TEST(Reader, OverridesOnlyOneUseOfAnAlias) {
  const Workspace workspace;
  workspace.edit("mixed_order_decay.yaml", "k1: {range: [1.0e-2, 1.0], scale: log}",
                 "k1: &wide {range: [1.0e-2, 1.0], scale: log}");
  workspace.edit("mixed_order_decay.yaml", "k2: {range: [10, 1000], scale: log}", "k2: *wide");
  const Job job = workspace.read("mixed_order_decay.yaml", {"sweep.parameters.k2.range=[1, 2]"});
  EXPECT_EQ(job.sweep.parameters[0].high, 1.0);
  EXPECT_EQ(job.sweep.parameters[1].high, 2.0);
}

struct OverrideCase {
  const char* override_text;
  const char* message;
};

// clang-format off
const OverrideCase override_cases[] = {
    {"sweep.samples=abc",
     R"-(--set sweep.samples=abc: sweep.samples: an integer is needed, not "abc"
  accepted: an integer from 1 to 1000000000)-"},
    {"sweep.sample=3",
     R"-(--set sweep.sample=3: sweep.sample: unknown key "sample"; did you mean "sampler" or "samples"?
  accepted keys: sampler, samples, seed, parameters, file, columns)-"},
    {"swep.samples=3",
     R"-(--set swep.samples=3: swep: unknown key "swep"; did you mean "sweep"?
  accepted keys: problem, sweep, network, training, verification, run, output)-"},
    {"sweep.parameters.k1.range=[1, 0.5]",
     R"-(--set sweep.parameters.k1.range=[1, 0.5]: sweep.parameters.k1.range: the range is empty: low 1 is not below high 0.5
  give two increasing numbers)-"},
    {"problem.equations.A=-k1*A - kk*A**2",
     R"-(--set problem.equations.A=-k1*A - kk*A**2: problem.equations.A: unknown symbol "kk"; did you mean "k1" or "k2"?
    -k1*A - kk*A**2
            ^
  accepted here: t, k1, k2, A0, kappa, decay, A)-"},
    {"problem.equations.A=2^t",
     R"-(--set problem.equations.A=2^t: problem.equations.A: '^' is not accepted in an expression
    2^t
     ^
  write ** for a power)-"},
    {"problem.parameters.k1.defalt=1",
     R"-(--set problem.parameters.k1.defalt=1: problem.parameters.k1.defalt: unknown key "defalt"; did you mean "default"?
  accepted keys: default, unit, label)-"},
    {R"(problem.patches.0.until="1/d")",
     R"-(--set problem.patches.0.until="1/d": problem.patches.0.until: "d" cannot be used here: it is a constant of patch first_order
    "1/d"
       ^
  accepted here: k1, k2, A0, kappa)-"},
    {"problem.patches.2.until=1",
     R"-(--set problem.patches.2.until=1: problem.patches: this list has no item "2"
  accepted: an index from 0 to 1)-"},
    {"problem.patches.first.until=1",
     R"-(--set problem.patches.first.until=1: problem.patches: this list has no item "first"
  accepted: an index from 0 to 1)-"},
    {"network.nodes.x=3",
     R"-(--set network.nodes.x=3: network.nodes: this is the value "5", which has no key "x"
  set network.nodes as a whole)-"},
    {"sweep",
     R"-(--set sweep: an override has the form key.path=value, without blanks around =
  write it like --set sweep.samples=64)-"},
    {"=3",
     R"-(--set =3: an override has the form key.path=value, without blanks around =
  write it like --set sweep.samples=64)-"},
    {"sweep.=3",
     R"-(--set sweep.=3: an override has the form key.path=value, without blanks around =
  write it like --set sweep.samples=64)-"},
    {".sweep=3",
     R"-(--set .sweep=3: an override has the form key.path=value, without blanks around =
  write it like --set sweep.samples=64)-"},
    {"sweep..samples=3",
     R"-(--set sweep..samples=3: an override has the form key.path=value, without blanks around =
  write it like --set sweep.samples=64)-"},
    {"sweep.samples = 3",
     R"-(--set sweep.samples = 3: an override has the form key.path=value, without blanks around =
  write it like --set sweep.samples=64)-"},
    {"sweep.samples=",
     R"-(--set sweep.samples=: sweep.samples: the override has no value
  write it like --set sweep.samples=64)-"},
    {"sweep={sampler: sobol, samples: [}",
     R"-(--set sweep={sampler: sobol, samples: [}: sweep: this is not YAML: illegal flow end
    {sampler: sobol, samples: [}
                               ^
  look here and above for a missing bracket, quote, colon or space, or for uneven indentation)-"},
    {"sweep.samples=3\n4",
     R"-(--set sweep.samples=3\n4: sweep.samples: the value of an override has a line break
  write it on one line, lists in [ ])-"},
    {"problem=none.yaml",
     R"-(--set problem=none.yaml: problem: the problem file cannot be read: none.yaml: No such file or directory
  the path is relative to the job file)-"},
    {"network=[1]",
     R"-(--set network=[1]: network: a mapping is needed, not a list
  accepted keys: features, elements, nodes, layers, activation, seed, trunk)-"},
    {"sweep.sampler=grid",
     R"-(mixed_order_decay.yaml:7:5: sweep.parameters.k1.points: the key is missing
    k1: {range: [1.0e-2, 1.0], scale: log}
    ^
  give the number of grid points, ends included, e.g. `points: 16`)-"},
    {"sweep.sampler=list",
     R"-(mixed_order_decay.yaml:7:9: sweep.parameters.k1: the sampler list takes its values from the file
    k1: {range: [1.0e-2, 1.0], scale: log}
        ^
  give a plain number here, or remove the key)-"},
    {"output.points=[1, 1000]",
     R"-(--set output.points=[1, 1000]: output.points.1: 1000 is out of the range of t
    [1, 1000]
        ^
  accepted: 1e-04 to 100)-"},
    {"sweep.seed=&a *a",
     R"-(--set sweep.seed=&a *a: sweep.seed: a second document starts here
    &a *a
       ^
  keep one YAML document per file)-"},
    {"sweep.samples=!!int 3",
     R"-(--set sweep.samples=!!int 3: sweep.samples: the tag "tag:yaml.org,2002:int" is not accepted
  write the plain value without a tag)-"},
};
// clang-format on

TEST(Reader, ExplainsBadOverrides) {
  const Workspace workspace;
  for (const OverrideCase& one : override_cases) {
    EXPECT_EQ(workspace.message("mixed_order_decay.yaml", {one.override_text}), one.message);
  }
}

TEST(Reader, ShortensLongOverridesAndLines) {
  const Workspace workspace;
  const std::string message =
      workspace.message("mixed_order_decay.yaml", {"problem.equations.A=" + std::string(100000, 'a')});
  EXPECT_NE(message.find("the expression has 100000 characters"), std::string::npos);
  EXPECT_LT(message.size(), 600U);
  workspace.edit("mixed_order_decay_problem.yaml", "-k1*A - k2*A**2", std::string(100000, '('));
  const std::string in_file = workspace.message("mixed_order_decay.yaml");
  EXPECT_EQ(
      in_file.find("mixed_order_decay_problem.yaml:14:10017: problem.equations.A: the expression has 100000 "
                   "characters\n    ...((("),
      0U);
  EXPECT_LT(in_file.size(), 600U);
}

TEST(Reader, EscapesControlCharactersInKeys) {
  const Workspace workspace;
  workspace.edit("mixed_order_decay.yaml", "samples: 4096", "\"sam\\0ples\\n\": 4096");
  EXPECT_EQ(
      workspace.message("mixed_order_decay.yaml"),
      "mixed_order_decay.yaml:4:3: sweep.sam\\x00ples\\n: unknown key \"sam\\x00ples\\n\"; did you mean "
      "\"samples\"?\n    \"sam\\0ples\\n\": 4096\n    ^\n  accepted keys: sampler, samples, seed, "
      "parameters, "
      "file, columns");
}

TEST(Reader, RefusesWhatIsNoJobFile) {
  const Workspace workspace;
  const auto message = [](const std::string& path) -> std::string {
    try {
      read_job(path);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("/dev/zero"),
            "/dev/zero: the job file cannot be read: it is a device\n  give the path of a YAML file");
  EXPECT_EQ(
      message("/proc/self/mem"),
      "/proc/self/mem: the job file cannot be read: Input/output error\n  give the path of a YAML file");
  workspace.write("large.yaml", std::string(17 << 20, '#'));
  EXPECT_EQ(
      workspace.message("large.yaml"),
      "large.yaml: the job file cannot be read: it has more than 16 MiB\n  give the path of a YAML file");
  EXPECT_LT(message(std::string(100000, 'x')).size(), 500U);
}

TEST(Reader, RefusesDeepNesting) {
  const Workspace workspace;
  workspace.write("deep.yaml", "problem: " + std::string(5000, '[') + std::string(5000, ']'));
  EXPECT_NE(workspace.message("deep.yaml").find("lists and mappings are nested too deeply"),
            std::string::npos);
  // Aliases nest without nested text.
  std::string chain = "a0: &a0 [x]\n";
  for (int i = 1; i < 20000; ++i) {
    const std::string before = std::to_string(i - 1), here = std::to_string(i);
    chain += "a" + here + ": &a" + here + " [*a" + before + "]\n";
  }
  workspace.write("deep.yaml", chain);
  EXPECT_EQ(workspace.message("deep.yaml").substr(0, 66),
            "deep.yaml:101:7: a100: lists and mappings are nested too deeply\n  ");
  std::string path;
  for (int i = 0; i < 20000; ++i) path += "a.";
  EXPECT_NE(workspace.message("mixed_order_decay.yaml", {path + "b=1"}).find("the key path has 20001 levels"),
            std::string::npos);
}

TEST(Reader, ReadsThousandsOfDefinitions) {
  const Workspace workspace;
  std::string definitions = "definitions:\n";
  for (int i = 0; i < 3000; ++i)
    definitions += "  d" + std::to_string(i) + ": \"" + (i == 0 ? "t" : "d" + std::to_string(i - 1)) + "\"\n";
  workspace.edit("mixed_order_decay_problem.yaml", "definitions:\n", definitions);
  EXPECT_EQ(workspace.read("mixed_order_decay.yaml").problem.definitions.size(), 3002U);
}

}  // namespace
}  // namespace gluesweep::job
