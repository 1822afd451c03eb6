#include "gluesweep/training/phases.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>
#include <thread>

#include "../../support/shipped_problems.hpp"

namespace gluesweep::training {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Keeps busy; returns for how long, which a loaded machine makes longer than asked for.
double work(double seconds) {
  const auto begin = Clock::now();
  while (seconds_since(begin) < seconds) {
  }
  return seconds_since(begin);
}

double of(const std::array<double, phase_names.size()>& seconds, Phase phase) {
  return seconds[static_cast<std::size_t>(phase)];
}

double sum(const std::array<double, phase_names.size()>& seconds) {
  return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

TEST(Phases, CountWhatIsWithinOnce) {
  take_phases();
  double outer = 0.0, inner = 0.0, innermost = 0.0;
  const auto begin = Clock::now();
  {
    const Timed timed(Phase::frames);
    outer += work(2e-3);
    {
      const Timed nested(Phase::elements);
      inner += work(3e-3);
      {
        const Timed again(Phase::frames);
        innermost += work(1e-3);
      }
      inner += work(1e-3);
    }
    outer += work(1e-3);
  }
  const double wall = seconds_since(begin);
  const auto found = take_phases();
  // Whatever time passes between the measurements falls to some phase as well, but to one only.
  const double between = wall - outer - inner - innermost;
  EXPECT_GE(of(found, Phase::frames), outer + innermost);
  EXPECT_GE(of(found, Phase::elements), inner);
  EXPECT_LE(of(found, Phase::frames), outer + innermost + between);
  EXPECT_LE(of(found, Phase::elements), inner + between);
  EXPECT_LE(sum(found), wall);
  EXPECT_EQ(sum(found), of(found, Phase::frames) + of(found, Phase::elements));
}

TEST(Phases, LeaveOutWhatIsOutside) {
  take_phases();
  work(2e-3);
  const auto begin = Clock::now();
  { const Timed timed(Phase::checks); }
  const double wall = seconds_since(begin);
  work(2e-3);
  EXPECT_LE(sum(take_phases()), wall);
}

TEST(Phases, AreTakenOnce) {
  {
    const Timed timed(Phase::output);
    work(1e-3);
  }
  EXPECT_GE(of(take_phases(), Phase::output), 1e-3);
  EXPECT_EQ(sum(take_phases()), 0.0);
}

TEST(Phases, CanBeTakenWithinOne) {
  take_phases();
  const Timed timed(Phase::set_up);
  work(1e-3);
  EXPECT_GE(of(take_phases(), Phase::set_up), 1e-3);
  work(1e-3);
  EXPECT_GE(of(take_phases(), Phase::set_up), 1e-3);
}

TEST(Phases, EndWithAnException) {
  take_phases();
  try {
    const Timed timed(Phase::iteration);
    throw std::runtime_error("stop");
  } catch (const std::runtime_error&) {
  }
  const double before = of(take_phases(), Phase::iteration);
  work(2e-3);
  EXPECT_EQ(of(take_phases(), Phase::iteration), 0.0) << before;
}

TEST(Phases, BelongToTheirThread) {
  take_phases();
  std::thread([] {
    const Timed timed(Phase::estimate);
    work(1e-3);
  }).join();
  EXPECT_EQ(sum(take_phases()), 0.0);
}

TEST(Phases, AddUpToTheTimeOfATraining) {
  const auto table = test::read_reference("freeze_out", 1);
  const auto job = test::job_at("freeze_out", table, {"network.trunk.train=none"});
  const Trainer trainer(job, at::kCPU);
  const auto parameters = test::parameters_of(job.problem, table).repeat({20, 1});
  trainer.train(parameters);
  take_phases();
  const auto begin = Clock::now();
  trainer.train(parameters);
  const double wall = seconds_since(begin);
  const auto found = take_phases();
  EXPECT_LE(sum(found), wall);
  EXPECT_GE(sum(found), 0.8 * wall);
  for (const auto phase : {Phase::set_up, Phase::frames, Phase::elements, Phase::projection, Phase::output,
                           Phase::asymptotes, Phase::estimate, Phase::checks}) {
    EXPECT_GT(of(found, phase), 0.0) << phase_names[static_cast<std::size_t>(phase)];
  }
  EXPECT_EQ(of(found, Phase::iteration), 0.0);  // nothing was left to rescue
}

}  // namespace
}  // namespace gluesweep::training
