#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "workspace.hpp"

namespace gluesweep::job {
namespace {

std::vector<std::vector<double>> list_of(const Job& job) {
  std::vector<std::vector<double>> list;
  for (const SweptParameter& parameter : job.sweep.parameters) {
    if (parameter.kind == SweptParameter::Kind::values) list.push_back(parameter.values);
  }
  return list;
}

void expect_same(const Sweep& a, const Sweep& b) {
  EXPECT_EQ(a.sampler, b.sampler);
  EXPECT_EQ(a.samples, b.samples);
  EXPECT_EQ(a.seed, b.seed);
  EXPECT_EQ(a.file, b.file);
  ASSERT_EQ(a.parameters.size(), b.parameters.size());
  for (std::size_t i = 0; i < a.parameters.size(); ++i) {
    EXPECT_EQ(a.parameters[i].name, b.parameters[i].name);
    EXPECT_EQ(a.parameters[i].kind, b.parameters[i].kind);
    EXPECT_EQ(a.parameters[i].fixed, b.parameters[i].fixed);
    EXPECT_EQ(a.parameters[i].low, b.parameters[i].low);
    EXPECT_EQ(a.parameters[i].high, b.parameters[i].high);
    EXPECT_EQ(a.parameters[i].scale, b.parameters[i].scale);
    EXPECT_EQ(a.parameters[i].points, b.parameters[i].points);
    EXPECT_EQ(a.parameters[i].values, b.parameters[i].values);
  }
}

void expect_same(const Patch& a, const Patch& b) {
  EXPECT_EQ(a.name, b.name);
  ASSERT_EQ(a.constants.size(), b.constants.size());
  ASSERT_EQ(a.inverse.size(), b.inverse.size());
  for (std::size_t i = 0; i < a.constants.size(); ++i) {
    EXPECT_EQ(a.constants[i].name, b.constants[i].name);
    EXPECT_EQ(a.constants[i].guess.text, b.constants[i].guess.text);
  }
  for (std::size_t i = 0; i < a.inverse.size(); ++i) EXPECT_EQ(a.inverse[i].text, b.inverse[i].text);
  ASSERT_EQ(a.solution.size(), b.solution.size());
  for (std::size_t i = 0; i < a.solution.size(); ++i) EXPECT_EQ(a.solution[i].text, b.solution[i].text);
  ASSERT_EQ(a.resolve.size(), b.resolve.size());
  for (std::size_t i = 0; i < a.resolve.size(); ++i) EXPECT_EQ(a.resolve[i].text, b.resolve[i].text);
  EXPECT_EQ(static_cast<bool>(a.until), static_cast<bool>(b.until));
  EXPECT_EQ(a.until.text, b.until.text);
  EXPECT_EQ(a.overlap.text, b.overlap.text);
}

void expect_same(const Problem& a, const Problem& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.description, b.description);
  EXPECT_EQ(a.variable.start, b.variable.start);
  EXPECT_EQ(a.variable.end, b.variable.end);
  EXPECT_EQ(a.variable.scale, b.variable.scale);
  EXPECT_EQ(a.variable.label, b.variable.label);
  ASSERT_EQ(a.parameters.size(), b.parameters.size());
  for (std::size_t i = 0; i < a.parameters.size(); ++i) {
    EXPECT_EQ(a.parameters[i].default_value, b.parameters[i].default_value);
    EXPECT_EQ(a.parameters[i].has_default, b.parameters[i].has_default);
    EXPECT_EQ(a.parameters[i].unit, b.parameters[i].unit);
  }
  EXPECT_EQ(a.state_names(), b.state_names());
  for (std::size_t i = 0; i < a.unknowns.size(); ++i) {
    EXPECT_EQ(a.unknowns[i].equation.text, b.unknowns[i].equation.text);
    EXPECT_EQ(a.unknowns[i].magnitude.text, b.unknowns[i].magnitude.text);
    EXPECT_EQ(a.unknowns[i].exact.text, b.unknowns[i].exact.text);
  }
  ASSERT_EQ(a.conditions.size(), b.conditions.size());
  for (std::size_t i = 0; i < a.conditions.size(); ++i) {
    EXPECT_EQ(a.conditions[i].place, b.conditions[i].place);
    EXPECT_EQ(a.conditions[i].at, b.conditions[i].at);
    EXPECT_EQ(a.conditions[i].values.size(), b.conditions[i].values.size());
  }
  ASSERT_EQ(a.patches.size(), b.patches.size());
  for (std::size_t i = 0; i < a.patches.size(); ++i) expect_same(a.patches[i], b.patches[i]);
  ASSERT_EQ(a.derived.size(), b.derived.size());
  for (std::size_t i = 0; i < a.derived.size(); ++i) {
    EXPECT_EQ(a.derived[i].value.text, b.derived[i].value.text);
    EXPECT_EQ(a.derived[i].label, b.derived[i].label);
  }
}

TEST(ReaderResolved, ReadsBackTheSameJob) {
  const Workspace workspace;
  for (const std::string file : {"mixed_order_decay.yaml", "oscillator.yaml", "listed.yaml"}) {
    SCOPED_TRACE(file);
    const Job job = workspace.read(file);
    const std::string text = resolved_yaml(job);
    const bool is_list = job.sweep.sampler == Sampler::list;
    const Job again = parse_resolved(text, is_list ? list_of(job) : std::vector<std::vector<double>>());
    EXPECT_EQ(resolved_yaml(again), text);
    EXPECT_EQ(job_hash(again), job_hash(job));
    expect_same(again.problem, job.problem);
    expect_same(again.sweep, job.sweep);
    EXPECT_EQ(again.network.seed, job.network.seed);
    EXPECT_EQ(again.training.tolerance, job.training.tolerance);
    EXPECT_EQ(again.output.values, job.output.values);
    EXPECT_EQ(again.output.points, job.output.points);
  }
}

TEST(ReaderResolved, IsAJobFileOfItsOwn) {
  const Workspace workspace;
  for (const std::string file : {"mixed_order_decay.yaml", "oscillator.yaml", "listed.yaml"}) {
    const Job job = workspace.read(file);
    workspace.write("resolved.yaml", resolved_yaml(job));
    EXPECT_EQ(resolved_yaml(workspace.read("resolved.yaml")), resolved_yaml(job));
  }
}

TEST(ReaderResolved, KeepsNumbersToTheLastBit) {
  const Workspace workspace;
  Job job = workspace.read("mixed_order_decay.yaml");
  job.problem.parameters[0].default_value = 0.1 + 0.2;
  job.sweep.parameters[0].low = std::nextafter(0.01, 1.0);
  job.training.tolerance = 1.0 / 3.0;
  job.output.values = {std::nextafter(1.0, 0.0), M_PI, 99.99999999999999};
  job.output.points = 3;
  const Job again = parse_resolved(resolved_yaml(job));
  EXPECT_EQ(again.problem.parameters[0].default_value, job.problem.parameters[0].default_value);
  EXPECT_EQ(again.sweep.parameters[0].low, job.sweep.parameters[0].low);
  EXPECT_EQ(again.training.tolerance, job.training.tolerance);
  EXPECT_EQ(again.output.values, job.output.values);
}

TEST(ReaderResolved, KeepsTheSettingsOfAdam) {
  const Workspace workspace;
  const Job job =
      workspace.read("mixed_order_decay.yaml",
                     {"training.method=adam", "training.ansatz=sum",
                      "training.adam={steps: 7, learning_rate: 1e-3, width: 5, layers: 3, points: 9}"});
  const Job again = parse_resolved(resolved_yaml(job));
  EXPECT_EQ(again.training.method, Training::Method::adam);
  EXPECT_EQ(again.training.ansatz, Training::Ansatz::sum);
  EXPECT_EQ(again.training.adam.steps, 7);
  EXPECT_EQ(again.training.adam.learning_rate, 1.0e-3);
  EXPECT_EQ(again.training.adam.width, 5);
  EXPECT_EQ(again.training.adam.layers, 3);
  EXPECT_EQ(again.training.adam.points, 9);
}

TEST(ReaderResolved, KeepsTheTrunk) {
  const Workspace workspace;
  const std::vector<std::string> trunks{
      "layers: 2, width: 40, activation: selu, init: {sigma_w: 1.5, sigma_b: 0.25}, skip: residual, seed: 9",
      "init: critical", "init: {sigma_w: critical, sigma_b: 0.1}", "train: {points: 7, steps: 5}",
      "width: 33"};
  std::set<std::string> hashes{job_hash(workspace.read("mixed_order_decay.yaml"))};
  for (const auto& trunk : trunks) {
    SCOPED_TRACE(trunk);
    const Job job = workspace.read("mixed_order_decay.yaml", {"network.trunk={" + trunk + "}"});
    const Job again = parse_resolved(resolved_yaml(job));
    EXPECT_EQ(resolved_yaml(again), resolved_yaml(job));
    EXPECT_EQ(again.network.width, job.network.width);
    EXPECT_EQ(again.network.activation, job.network.activation);
    EXPECT_EQ(again.network.init.law, job.network.init.law);
    EXPECT_EQ(again.network.init.sigma_w, job.network.init.sigma_w);
    EXPECT_EQ(again.network.init.sigma_b, job.network.init.sigma_b);
    EXPECT_EQ(again.network.skip, job.network.skip);
    EXPECT_EQ(again.network.train.points, job.network.train.points);
    EXPECT_EQ(again.network.train.steps, job.network.train.steps);
    EXPECT_TRUE(hashes.insert(job_hash(job)).second) << "the trunk decides the numbers";
  }
}

TEST(ReaderResolved, SaysOfADrawnTrunkOnlyThatItIs) {
  const Workspace workspace;
  const Job drawn = workspace.read("mixed_order_decay.yaml", {"network.trunk={layers: 2, train: none}"});
  const Job same =
      workspace.read("mixed_order_decay.yaml", {"network.trunk={layers: 2, init: uniform, train: none}"});
  EXPECT_NE(resolved_yaml(drawn).find("trunk: {train: none}"), std::string::npos);
  EXPECT_EQ(job_hash(same), job_hash(drawn));
}

TEST(ReaderResolved, KeepsTextsWithSpecialCharacters) {
  const Workspace workspace;
  Job job = workspace.read("mixed_order_decay.yaml");
  job.problem.description = "two lines:\n  \"quoted\", back\\slash, tab\t, # no comment, ζ 時 \xC2\x85 %";
  job.problem.variable.label = "- [x], {y}: !z &a *b 'c'";
  const Job again = parse_resolved(resolved_yaml(job));
  EXPECT_EQ(again.problem.description, job.problem.description);
  EXPECT_EQ(again.problem.variable.label, job.problem.variable.label);
}

TEST(ReaderResolved, KeepsTheNumberOfPointsWithoutTheList) {
  const Workspace workspace;
  const Job job = parse_resolved(resolved_yaml(workspace.read("listed.yaml")));
  EXPECT_EQ(job.sweep.samples, 3);
  EXPECT_EQ(job.sweep.parameters[0].name, "k2");
}

TEST(ReaderResolved, RefusesAListOfAnotherShape) {
  const Workspace workspace;
  const std::string text = resolved_yaml(workspace.read("listed.yaml"));
  EXPECT_THROW(parse_resolved(text, {{1.0}}), InputError);
  EXPECT_THROW(parse_resolved(text, {{1.0}, {1.0, 2.0}}), InputError);
  EXPECT_THROW(parse_resolved(text, {{1.0, 2.0}, {1.0, 2.0}}), InputError) << "samples says 3";
}

TEST(JobHash, IsStable) {
  const Workspace workspace;
  const std::string hash = job_hash(workspace.read("mixed_order_decay.yaml"));
  EXPECT_EQ(hash, "f33027442b408bf4") << "a changed hash keeps users from resuming: raise the format version";
  EXPECT_EQ(hash, job_hash(workspace.read("mixed_order_decay.yaml")));
  EXPECT_EQ(hash, job_hash(workspace.read("mixed_order_decay.yaml", {"run.device=cpu"})));
}

TEST(JobHash, SeesTheSettingsOfAdamWhereTheyDecideTheNumbers) {
  const Workspace workspace;
  const auto hash_of = [&workspace](const std::string& method, const std::string& steps) {
    return job_hash(workspace.read("mixed_order_decay.yaml",
                                   {"training.method=" + method, "training.adam.steps=" + steps}));
  };
  EXPECT_EQ(hash_of("gauss_newton", "10"), hash_of("gauss_newton", "20"));
  EXPECT_NE(hash_of("adam", "10"), hash_of("adam", "20"));
  EXPECT_NE(hash_of("plain", "10"), hash_of("plain", "20"));
  EXPECT_NE(hash_of("adam", "10"), hash_of("plain", "10"));
}

TEST(JobHash, SeesWhatDecidesTheNumbers) {
  const Workspace workspace;
  std::set<std::string> hashes{job_hash(workspace.read("mixed_order_decay.yaml"))};
  const std::vector<std::string> changes{"sweep.samples=4097",
                                         "sweep.seed=8",
                                         "sweep.sampler=random",
                                         "network.features=64",
                                         "network.trunk.train={}",
                                         "network.trunk.train.points=64",
                                         "training.tolerance=1e-7",
                                         "run.block=64",
                                         "problem.parameters.A0.default=2",
                                         "problem.equations.A=-k1*A",
                                         "problem.patches.0.until=2/k1",
                                         "output.points=255",
                                         "output.store=[]",
                                         "output.store=[solution, coefficients, heads, matching, "
                                         "sensitivities]",
                                         "sweep.parameters.k1.range=[0.01, 1.0000000000000002]"};
  for (const std::string& change : changes)
    hashes.insert(job_hash(workspace.read("mixed_order_decay.yaml", {change})));
  EXPECT_EQ(hashes.size(), changes.size() + 1);
}

TEST(JobHash, SeesTheListButNotItsFileName) {
  const Workspace workspace;
  const std::string before = job_hash(workspace.read("listed.yaml"));
  workspace.write("moved.csv", workspace.text("points.csv"));
  EXPECT_EQ(job_hash(workspace.read("listed.yaml", {"sweep.file=moved.csv"})), before);
  workspace.edit("points.csv", "0.5", "0.50000000000000011");
  EXPECT_NE(job_hash(workspace.read("listed.yaml")), before);
}

TEST(Differences, NameKeysWithBothValues) {
  const Workspace workspace;
  const auto resolved = [&](const std::vector<std::string>& overrides) {
    return resolved_yaml(workspace.read("mixed_order_decay.yaml", overrides));
  };
  const std::string base = resolved({});
  EXPECT_TRUE(differences(base, resolved({"run.device=cpu", "run.time_limit=60", "run.sync=5"})).empty());
  const auto found =
      differences(base, resolved({"sweep.samples=77", "training.tolerance=1e-7", "sweep.parameters.k2=5"}));
  std::vector<std::string> keys;
  for (const auto& difference : found) keys.push_back(difference.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"sweep.samples", "sweep.parameters.k2.range",
                                            "sweep.parameters.k2.scale", "training.tolerance",
                                            "sweep.parameters.k2"}));
  EXPECT_EQ(found[0].other, "77");
  EXPECT_EQ(found[1].other, "absent");
  EXPECT_EQ(found[3].other, "1e-07");
  EXPECT_EQ(found[4].one, "absent");
}

TEST(JobHash, LeavesOutHowLongARunMayTake) {
  const Workspace workspace;
  const auto hash = [&](const std::vector<std::string>& overrides) {
    return job_hash(workspace.read("mixed_order_decay.yaml", overrides));
  };
  EXPECT_EQ(hash({}), hash({"run.time_limit=60", "run.sync=10"}));
}

}  // namespace
}  // namespace gluesweep::job
