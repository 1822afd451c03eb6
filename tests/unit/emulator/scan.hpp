#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "../../support/jobs.hpp"
#include "../../support/temporary_directory.hpp"
#include "gluesweep/output/sweep_file.hpp"
#include "gluesweep/training/trainer.hpp"

namespace gluesweep::emulator::test {

using gluesweep::test::TemporaryDirectory;

/// Trains a whole job and writes its sweep file.
inline void write_scan(const std::string& path, const job::Job& job) {
  const sweep::ParameterSpace space(job);
  const training::Trainer trainer(job, at::kCPU);
  const output::NetworkArrays network{job.output.heads ? trainer.head_features() : 0,
                                      trainer.map_parameters(), trainer.scale_terms(),
                                      trainer.trunk_arrays()};
  auto file = output::SweepFile::create({}, path, job, space, sweep::Share::all(space.size()), network,
                                        {job::resolved_yaml(job), job::job_hash(job), "0", "0"});
  for (std::int64_t first = 0; first < space.size(); first += job.run.block) {
    const auto count = std::min(job.run.block, space.size() - first);
    const auto parameters = space.block(first, count);
    sweep::Block block;
    block.first = first;
    block.count = count;
    file.write(block, space.swept(parameters), trainer.train(parameters));
  }
  file.close();
}

/// A shipped job with fewer samples.
inline job::Job small_job(const std::string& name, int samples, std::vector<std::string> overrides = {}) {
  overrides.insert(overrides.begin(), "sweep.samples=" + std::to_string(samples));
  overrides.emplace_back("verification.reference_fraction=0");
  return gluesweep::test::shipped_job(name, overrides);
}

}  // namespace gluesweep::emulator::test
