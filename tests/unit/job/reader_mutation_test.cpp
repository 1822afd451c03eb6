#include <gtest/gtest.h>

#include <random>

#include "workspace.hpp"

namespace gluesweep::job {
namespace {

/// Draws below `n` that are the same on every platform.
std::size_t draw(std::mt19937_64& random, std::size_t n) { return n == 0 ? 0 : random() % n; }

/// One to four changes of single bytes, of YAML's own characters, or of a stretch of text.
std::string mutated(std::string text, std::mt19937_64& random) {
  const std::string special = "{}[]:,-&*!|>'\"%@`#?\n\t \r\\.()e=";
  for (std::size_t change = 1 + draw(random, 4); change > 0; --change) {
    const std::size_t at = draw(random, text.size());
    switch (draw(random, 6)) {
      case 0: text.erase(at, 1); break;
      case 1: text.insert(at, 1, special[draw(random, special.size())]); break;
      case 2: text.insert(at, 1, static_cast<char>(draw(random, 256))); break;
      case 3:
        if (at < text.size()) text[at] = special[draw(random, special.size())];
        break;
      case 4: text.erase(at, draw(random, 40)); break;
      default: {
        const std::string stretch = text.substr(draw(random, text.size()), draw(random, 60));
        text.insert(at, stretch);
      }
    }
  }
  return text;
}

/// A mutated job is either read, and then survives the round trip, or refused by a message with a place.
void expect_job_or_message(const Workspace& workspace, const std::string& job, const std::string& text) {
  try {
    const Job read = workspace.read(job);
    const std::string resolved = resolved_yaml(read);
    std::vector<std::vector<double>> list;
    if (read.sweep.sampler == Sampler::list) {
      for (const SweptParameter& parameter : read.sweep.parameters) {
        if (parameter.kind == SweptParameter::Kind::values) list.push_back(parameter.values);
      }
    }
    EXPECT_EQ(resolved_yaml(parse_resolved(resolved, list)), resolved) << text;
  } catch (const InputError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("\n  "), std::string::npos) << what;
    EXPECT_LT(what.size(), 2000U) << what;
  }
}

TEST(ReaderMutation, ReadsOrExplainsAnything) {
  std::mt19937_64 random(20240601);
  const std::vector<std::pair<std::string, int>> files{{"mixed_order_decay.yaml", 1000},
                                                       {"mixed_order_decay_problem.yaml", 1000},
                                                       {"oscillator.yaml", 1500},
                                                       {"points.csv", 500}};
  for (const auto& [file, count] : files) {
    const Workspace workspace;
    const std::string good = workspace.text(file);
    for (int i = 0; i < count; ++i) {
      const std::string text = mutated(good, random);
      workspace.write(file, text);
      expect_job_or_message(workspace, job_of(file), text);
    }
  }
}

TEST(ReaderMutation, ReadsOrExplainsAnyOverride) {
  std::mt19937_64 random(7);
  const Workspace workspace;
  const std::vector<std::string> good{"sweep.parameters.k1={range: [0.1, 1], scale: log}",
                                      "problem.patches.0.until=\"1/k1\"",
                                      "problem.equations.A=-k1*A*exp(-t/(1 + k2**2))", "sweep.samples=64"};
  for (int i = 0; i < 2000; ++i) {
    const std::string text = mutated(good[draw(random, good.size())], random);
    const std::string message = workspace.message("mixed_order_decay.yaml", {text});
    EXPECT_TRUE(message == "no error" || message.find("\n  ") != std::string::npos) << message;
  }
}

}  // namespace
}  // namespace gluesweep::job
