#include "gluesweep/cli/progress.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>
#include <vector>

#include "text.hpp"

namespace gluesweep::cli {
namespace {

constexpr double bar_interval = 0.2;     // seconds
constexpr double plain_interval = 30.0;  // seconds

int columns_of(int descriptor) {
  if (isatty(descriptor) == 0) return 0;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

/// Under an MPI launcher standard error is a pipe to it, whatever the user sees.
int columns_of_launcher() {
  const std::string parent = "/proc/" + std::to_string(getppid());
  std::string name;
  std::ifstream(parent + "/comm") >> name;
  const std::vector<std::string> launchers{"mpirun", "mpiexec", "orterun", "prterun", "mpiexec.hydra"};
  if (std::find(launchers.begin(), launchers.end(), name) == launchers.end()) return 0;
  const int descriptor =
      open((parent + "/fd/2").c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC | O_APPEND | O_NONBLOCK);
  if (descriptor < 0) return 0;
  const int columns = columns_of(descriptor);
  close(descriptor);
  return columns;
}

std::vector<std::string> parts_of(const ProgressState& state) {
  const double share =
      state.total > 0 ? 100.0 * static_cast<double>(state.done) / static_cast<double>(state.total) : 0;
  std::vector<std::string> parts{grouped(state.done) + " of " + grouped(state.total) + " points (" +
                                 std::to_string(static_cast<int>(share)) + "%)"};
  parts.push_back(grouped(state.failed) + " failed");
  if (state.done > state.before && state.seconds > 0) {
    const double rate = static_cast<double>(state.done - state.before) / state.seconds;
    parts.push_back((rate < 10 ? rough(rate) : grouped(std::llround(rate))) + " points/s");
    if (state.done < state.total) {
      parts.push_back(duration(static_cast<double>(state.total - state.done) / rate) + " left");
    } else {
      parts.push_back(duration(state.seconds));
    }
  }
  if (state.worst_error > 0) parts.push_back("worst error " + rough(state.worst_error));
  return parts;
}

}  // namespace

std::string progress_line(const ProgressState& state) { return joined(parts_of(state)); }

std::string progress_bar(const ProgressState& state, int width) {
  constexpr int bar_width = 20;
  const double share =
      state.total > 0 ? static_cast<double>(state.done) / static_cast<double>(state.total) : 0.0;
  const int filled = std::clamp(static_cast<int>(share * bar_width), 0, bar_width);
  std::vector<std::string> parts = parts_of(state);
  const std::string bar = "[" + std::string(static_cast<std::size_t>(filled), '#') +
                          std::string(static_cast<std::size_t>(bar_width - filled), '.') + "] ";
  // The last column stays free: some terminals wrap when it is written.
  const auto room = static_cast<std::size_t>(std::max(width - 1, 10));
  while (parts.size() > 1 && bar.size() + joined(parts).size() > room) parts.pop_back();
  const std::string text = joined(parts);
  return bar.size() + text.size() <= room ? bar + text : text.substr(0, room);
}

int terminal_width() {
  const int columns = columns_of(STDERR_FILENO);
  return columns > 0 ? columns : columns_of_launcher();
}

Progress::Progress(Totals totals, sweep::Tally before, std::int64_t total, ProgressStyle style,
                   std::ostream* out, int width, Clock clock)
    : totals_(std::move(totals)),
      before_(before),
      total_(total),
      style_(style),
      out_(style == ProgressStyle::none ? nullptr : out),
      width_(width),
      clock_(std::move(clock)),
      start_(clock_()),
      due_(start_) {
  if (style_ == ProgressStyle::automatic) style_ = width_ > 0 ? ProgressStyle::bar : ProgressStyle::plain;
  if (width_ <= 0) width_ = 80;
}

ProgressState Progress::state() const {
  sweep::Tally tally = totals_.read();
  tally += before_;
  return {tally.done(), before_.done(), tally.failed(), total_, tally.worst_error, clock_() - start_};
}

void Progress::block_done(const sweep::Block& /*block*/, const sweep::Tally& tally) {
  totals_.add(tally);
  if (!first_block_seen_ && style_ == ProgressStyle::plain) due_ = start_;
  first_block_seen_ = true;
  refresh();
}

void Progress::refresh() {
  if (out_ == nullptr || clock_() < due_) return;
  speak();
}

void Progress::speak() {
  const ProgressState now = state();
  if (style_ == ProgressStyle::bar) {
    const std::string text = progress_bar(now, width_);
    const std::size_t blank = drawn_ > text.size() ? drawn_ - text.size() : 0;
    *out_ << '\r' << text << std::string(blank, ' ') << std::flush;
    drawn_ = text.size();
  } else if (now.done != last_done_) {
    *out_ << progress_line(now) << std::endl;
  }
  last_done_ = now.done;
  due_ = clock_() + (style_ == ProgressStyle::bar ? bar_interval : plain_interval);
}

void Progress::finish() {
  if (out_ == nullptr) return;
  speak();
  if (style_ == ProgressStyle::bar) *out_ << std::endl;
}

}  // namespace gluesweep::cli
