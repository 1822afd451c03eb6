#pragma once

#include "field.hpp"
#include "gluesweep/job/job.hpp"

namespace gluesweep::job {

/// Reads the key `network`, and decides what it leaves open.
class NetworkReader {
 public:
  /// Later calls override: first a problem's recommended values, then the job's own.
  void read(const Field& field);

  /// The network of a job that says nothing else about training the trunk: a trained one has `width` neurons
  /// for its features and needs fewer of these than a drawn one (docs/TRUNKS.md).
  Network result(bool trains_trunk) const;

 private:
  void read_common(const Field& field);
  void read_trunk(const Field& field, const Field& outer);

  Network network_;
  bool features_given_ = false, training_given_ = false;
};

}  // namespace gluesweep::job
