#pragma once

#include <string>

namespace gluesweep::output {

/// One run at a time writes to a sweep file: MPI-IO takes no locks. Held by one rank for the whole run, as a
/// lock on the file PATH.lock beside it, which names its owner and goes with the run; that of a killed run is
/// free and disturbs nobody. The sweep file itself stays unlocked, so that it can be read meanwhile.
class WriteLock {
 public:
  /// Throws job::InputError if another run holds it. File systems without locks give everybody one.
  explicit WriteLock(const std::string& path);
  ~WriteLock();
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;

 private:
  std::string name_;
  int descriptor_ = -1;
};

}  // namespace gluesweep::output
