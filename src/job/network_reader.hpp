#pragma once

#include "field.hpp"
#include "gluesweep/job/job.hpp"

namespace gluesweep::job {

/// Reads the key `network`, and decides what it leaves open.
class NetworkReader {
 public:
  void read_problems(const Field& field);  ///< recommended values, for a trained trunk
  void read_jobs(const Field& field);      ///< which override these

  /// Where nothing is said, a trunk of few features is trained if the method has one on frames, unless the
  /// job is a resolved one.
  Network result(const Training& training, bool resolved) const;

 private:
  enum class Giver { none, problem, job };  // of network.features

  void read(const Field& field, Giver source);
  void read_common(const Field& field);
  void read_trunk(const Field& field, const Field& outer);

  Network network_;
  Giver features_ = Giver::none;
  bool training_given_ = false;
};

}  // namespace gluesweep::job
