#include "gluesweep/output/write_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "gluesweep/job/error.hpp"
#include "gluesweep/output/versions.hpp"

namespace gluesweep::output {
namespace {

/// Who holds the lock, for those who find it taken.
std::string owner() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::string text = "process " + std::to_string(::getpid()) + " on " + host.data();
  if (const char* job = std::getenv("SLURM_JOB_ID")) text += ", Slurm job " + std::string(job);
  return text + ", since " + utc_now();
}

std::string content_of(int descriptor) {
  std::array<char, 512> buffer{};
  const ssize_t size = ::pread(descriptor, buffer.data(), buffer.size() - 1, 0);
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
}

// A lock of the open file, not of the process: it ends with the process, however that ends, and only then.
int lock(int descriptor) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(descriptor, F_OFD_SETLK, &whole);
}

/// Whether the name still stands for the open file: its last owner removes it.
bool is_current(int descriptor, const std::string& name) {
  struct stat open {
  }, named{};
  return ::fstat(descriptor, &open) == 0 && ::stat(name.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

}  // namespace

WriteLock::WriteLock(const std::string& path) : name_(path + ".lock") {
  while (true) {
    descriptor_ = ::open(name_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) return;  // creating the sweep file will say why
    const int result = lock(descriptor_);
    if (result != 0 && (errno == EAGAIN || errno == EACCES)) {
      const std::string holder = content_of(descriptor_);
      ::close(descriptor_);
      throw job::InputError(path + " is being written by another run" +
                            (holder.empty() ? "" : " (" + holder + ")") +
                            ": wait for its end or stop it, or choose another name with -o");
    }
    if (result != 0) {  // a file system without locks
      ::close(descriptor_);
      descriptor_ = -1;
      return;
    }
    if (is_current(descriptor_, name_)) break;
    ::close(descriptor_);
  }
  const std::string text = owner();
  if (::ftruncate(descriptor_, 0) == 0) {
    // It only informs.
    [[maybe_unused]] const ssize_t written = ::pwrite(descriptor_, text.data(), text.size(), 0);
  }
}

WriteLock::~WriteLock() {
  if (descriptor_ < 0) return;
  ::unlink(name_.c_str());
  ::close(descriptor_);
}

}  // namespace gluesweep::output
