#include "gluesweep/output/sweep_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "create.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/sweep_reader.hpp"

namespace gluesweep::output {
namespace {

using Clock = std::chrono::steady_clock;

// Looking after the file costs a round trip to the metadata server of a parallel file system.
constexpr std::chrono::seconds between_looks{1};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Opens for writing: together with MPI-IO, which takes no locks, or serially with a null communicator.
Handle open_for_writing(const parallel::Communicator& communicator, const std::string& path) {
  silence_hdf5();
  const Handle access(check(H5Pcreate(H5P_FILE_ACCESS), "make a property list", path), H5Pclose);
  if (communicator.is_null()) {
    // Without a buffer every write goes to the file at once, as with MPI-IO: rows before their status.
    check(H5Pset_sieve_buf_size(access.get(), 0), "turn the buffer off", path);
  } else {
    check(H5Pset_fapl_mpio(access.get(), communicator.handle(), MPI_INFO_NULL), "choose MPI-IO", path);
  }
  return {check(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.get()), "open", path), H5Fclose};
}

/// The file as the system knows it, beside HDF5: to see whether it is still there, and to force it to the
/// disk.
class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : number_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    if (number_ < 0 || ::fstat(number_, &opened_) != 0)
      throw FileError(path + ": could not open: " + std::strerror(errno));
  }
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void sync(const std::string& path) const {
    if (::fsync(number_) != 0)
      throw FileError(path + ": could not write to the disk: " + std::strerror(errno));
  }

  /// Throws FileError if the name is another file's by now, or the file is shorter than it was.
  void check_presence(const std::string& path) const {
    struct stat now {};
    const std::string lost =
        "; what was written to it since is lost. Start again, or with --resume from a copy";
    if (::stat(path.c_str(), &now) != 0)
      throw FileError(path + " was removed while it was being written (" + std::strerror(errno) + ")" + lost);
    if (now.st_ino != opened_.st_ino || now.st_dev != opened_.st_dev)
      throw FileError(path + " was replaced by another file while it was being written" + lost);
    if (now.st_size < opened_.st_size) {
      throw FileError(path + " was truncated while it was being written, from " +
                      std::to_string(opened_.st_size) + " to " + std::to_string(now.st_size) + " bytes" +
                      lost);
    }
  }

 private:
  int number_;
  struct stat opened_ {};
};

struct Rows {
  std::int64_t first = 0, count = 0;
};

/// The runs of consecutive rows among `rows` bytes that are zero.
std::vector<Rows> zero_runs(const at::Tensor& bytes) {
  const auto* values = bytes.data_ptr<std::uint8_t>();
  std::vector<Rows> runs;
  for (std::int64_t i = 0; i < bytes.numel(); ++i) {
    if (values[i] != 0) continue;
    if (runs.empty() || runs.back().first + runs.back().count != i) runs.push_back({i, 0});
    ++runs.back().count;
  }
  return runs;
}

std::string text(std::int64_t number) { return std::to_string(number); }

}  // namespace

struct SweepFile::Implementation {
  struct Column {
    Variable variable;
    Handle dataset;
  };
  /// Status bytes that wait for their rows to reach the disk.
  struct Waiting {
    std::int64_t row;
    at::Tensor status;
  };

  Implementation(const parallel::Communicator& communicator_, std::string file, const job::Job& sweep_job,
                 const Layout& layout)
      : path(std::move(file)),
        communicator(communicator_),
        job(sweep_job),
        share(layout.share),
        descriptor(path),
        handle(open_for_writing(communicator, path)) {}

  /// Not a part of construction: what a failing constructor leaves behind would be closed, which is
  /// collective.
  void open_variables(const Layout& layout) {
    for (const Variable& variable : layout.variables) {
      if (!variable.by_sample() || variable.source == Source::sample) continue;
      Handle dataset(check(H5Dopen2(handle.get(), full_name(variable).c_str(), H5P_DEFAULT),
                           "open the variable " + full_name(variable), path),
                     H5Dclose);
      if (extents(dataset.get(), path) != variable.shape) {
        throw FileError(path + ": the variable " + full_name(variable) +
                        " has another shape than this job's");
      }
      Column column{variable, std::move(dataset)};
      if (variable.source == Source::status) {
        status = std::move(column);
      } else {
        columns.push_back(std::move(column));
      }
    }
  }

  ~Implementation() {
    // Closing is collective. During an exception the other ranks do not come: the program ends by MPI_Abort,
    // and all that was written is in the file already.
    if (std::uncaught_exceptions() == 0) return;
    for (Column& column : columns) column.dataset.release();
    status.dataset.release();
    handle.release();
  }

  at::Tensor read_status(std::int64_t row, std::int64_t count) const {
    at::Tensor values = at::empty({count}, at::kByte);
    read_slab(status.dataset.get(), H5T_NATIVE_UINT8, row, {count}, values.data_ptr(), path);
    return values;
  }

  void write_status(std::int64_t row, const at::Tensor& values) const {
    write_slab(status.dataset.get(), H5T_NATIVE_UINT8, row, {values.numel()}, values.data_ptr(), path);
  }

  /// Rows of the block that are still to be written: of a fresh file all.
  std::vector<Rows> wanted(const sweep::Block& block) const {
    if (!resumed) return {{0, block.count}};
    return zero_runs(read_status(block.first - share.first, block.count));
  }

  void write_rows(const Column& column, std::int64_t first_row, const at::Tensor& rows,
                  const Rows& run) const {
    const at::Tensor piece = rows.narrow(0, run.first, run.count);
    write_slab(column.dataset.get(), native_type(column.variable.type), first_row + run.first,
               piece.sizes().vec(), piece.data_ptr(), path);
  }

  /// Statuses vouch for rows: at once for a process that may be killed, after the disk for a machine that may
  /// lose its power.
  void finish(std::int64_t row, const at::Tensor& values) {
    if (job.run.sync == 0.0) return write_status(row, values);
    waiting.push_back({row, values.clone()});
    if (seconds_since(synced) >= job.run.sync) sync();
  }

  void sync() {
    if (waiting.empty()) return;
    descriptor.sync(path);
    for (const Waiting& block : waiting) write_status(block.row, block.status);
    waiting.clear();
    synced = Clock::now();
  }

  void look_after_file() {
    if (communicator.rank() != 0 || Clock::now() - looked < between_looks) return;
    descriptor.check_presence(path);
    looked = Clock::now();
  }

  /// This rank's part of the rows of a new file: the parameters, and nothing for results, as pending points
  /// have none. It takes the disk space that they will need. One rank alone would take as long for all rows
  /// as some thirty need to train them.
  void fill(const sweep::ParameterSpace& space) const {
    const Rows own = own_rows();
    for (const Column& column : columns) {
      if (is_result(column.variable)) fill_rows(column, own);
    }
    fill_rows(status, own);
    fill_parameters(space, own);
  }

  /// This rank's share of the rows.
  Rows own_rows() const {
    const std::int64_t rank = communicator.rank(), size = communicator.size();
    const std::int64_t first = share.count * rank / size;
    return {first, share.count * (rank + 1) / size - first};
  }

  void fill_parameters(const sweep::ParameterSpace& space, const Rows& own) const {
    for (std::int64_t done = 0; done < own.count; done += rows_per_read) {
      const std::int64_t first = own.first + done;
      const std::int64_t count = std::min(rows_per_read, own.count - done);
      const at::Tensor swept = space.swept(space.block(share.first + first, count));
      for (const Column& column : columns) {
        if (column.variable.source != Source::parameter) continue;
        const at::Tensor values = swept.select(1, column.variable.index).contiguous();
        write_slab(column.dataset.get(), H5T_NATIVE_DOUBLE, first, {count}, values.data_ptr(), path);
      }
    }
  }

  /// NaN, or zero for integers: pending is the status zero.
  void fill_rows(const Column& column, const Rows& own) const {
    constexpr std::int64_t numbers_at_once = std::int64_t{1} << 17;
    const Type type = column.variable.type;
    std::vector<std::int64_t> shape = column.variable.shape;
    shape[0] = 1;
    const std::int64_t row =
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    shape[0] = std::max<std::int64_t>(1, numbers_at_once / row);
    const double value = type == Type::float64 ? std::numeric_limits<double>::quiet_NaN() : 0.0;
    const at::Tensor nothing = at::full(shape, value, scalar_type(type));
    for (std::int64_t done = 0; done < own.count; done += shape[0]) {
      shape[0] = std::min(shape[0], own.count - done);
      write_slab(column.dataset.get(), native_type(type), own.first + done, shape, nothing.data_ptr(), path);
    }
  }

  std::string path;
  parallel::Communicator communicator;
  job::Job job;
  sweep::Share share;
  Descriptor descriptor;
  Handle handle;
  std::vector<Column> columns;  // all but the status
  Column status;
  bool resumed = false;
  std::vector<Waiting> waiting;
  Clock::time_point synced = Clock::now(), looked = Clock::now();
};

SweepFile::SweepFile(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
SweepFile::~SweepFile() = default;
SweepFile::SweepFile(SweepFile&&) noexcept = default;

SweepFile SweepFile::create(const parallel::Communicator& communicator, const std::string& path,
                            const job::Job& job, const sweep::ParameterSpace& space,
                            const sweep::Share& share, const NetworkArrays& network,
                            const Provenance& provenance, Target target) {
  silence_hdf5();
  const Layout layout = make_layout(job, share, network);
  std::string temporary;
  parallel::on_rank_zero(communicator, [&] {
    check_target(path, expected_bytes(layout), target);
    remove_leftovers(path);
    temporary = temporary_name(path);
    create_file(
        {temporary, job, space, network, provenance, layout, communicator.size(), {}, Parameters::left_out});
  });
  temporary = communicator.broadcast(temporary);
  try {
    auto file = std::make_unique<Implementation>(communicator, temporary, job, layout);
    file->open_variables(layout);
    file->fill(space);
    communicator.barrier();
    parallel::on_rank_zero(communicator, [&] {
      if (job.run.sync > 0.0) file->descriptor.sync(path);
      publish(temporary, path, target);
    });
    file->path = path;
    return SweepFile(std::move(file));
  } catch (...) {
    ::unlink(temporary.c_str());  // whichever rank it was: the others may be ended before they come here
    throw;
  }
}

SweepFile SweepFile::open(const parallel::Communicator& communicator, const std::string& path,
                          const job::Job& job, const sweep::Share& share, const NetworkArrays& network,
                          const Provenance& provenance) {
  parallel::on_rank_zero(communicator, [&] {
    check_resumable(path, provenance, share);
    remove_leftovers(path);
  });
  const Layout layout = make_layout(job, share, network);
  auto file = std::make_unique<Implementation>(communicator, path, job, layout);
  file->open_variables(layout);
  file->resumed = true;
  return SweepFile(std::move(file));
}

void SweepFile::look_after() { implementation_->look_after_file(); }

sweep::Tally SweepFile::write(const sweep::Block& block, const at::Tensor& swept,
                              const training::BlockResult& result) {
  auto& file = *implementation_;
  if (swept.size(0) != block.count)
    throw std::logic_error("a block's parameters do not have its number of rows");
  file.look_after_file();
  const std::int64_t first_row = block.first - file.share.first;
  const std::vector<Rows> wanted = file.wanted(block);
  for (const auto& column : file.columns) {
    const at::Tensor rows = rows_of(column.variable, file.job, swept, result);
    for (const Rows& run : wanted) file.write_rows(column, first_row, rows, run);
  }
  const at::Tensor status = rows_of(file.status.variable, file.job, swept, result);
  sweep::Tally written;
  for (const Rows& run : wanted) {
    file.finish(first_row + run.first, status.narrow(0, run.first, run.count));
    training::BlockResult rows;
    rows.status = result.status.narrow(0, run.first, run.count);
    rows.error_estimate = result.error_estimate.narrow(0, run.first, run.count);
    written += sweep::tally_of(rows);
  }
  return written;
}

std::int64_t SweepFile::forget_failed() {
  const auto& file = *implementation_;
  std::int64_t forgotten = 0;
  for (std::int64_t first = 0; first < file.share.count; first += rows_per_read) {
    at::Tensor status = file.read_status(first, std::min(rows_per_read, file.share.count - first));
    const at::Tensor failed = training::is_failed(status);
    const auto count = failed.sum().item<std::int64_t>();
    if (count == 0) continue;
    file.write_status(first, status.masked_fill_(failed, 0));
    forgotten += count;
  }
  return forgotten;
}

void SweepFile::close() {
  auto& file = *implementation_;
  file.sync();
  if (file.job.run.sync > 0.0) file.descriptor.sync(file.path);  // the last statuses
  if (file.communicator.rank() == 0) file.descriptor.check_presence(file.path);
  file.columns.clear();
  file.status.dataset = {};
  file.handle.close("close", file.path);
}

void check_resumable(const std::string& path, const Provenance& provenance, const sweep::Share& share) {
  const SweepReader reader(path);
  if (::access(path.c_str(), W_OK) != 0) {
    throw job::InputError(path + " may not be written (" + std::strerror(errno) +
                          "): change its permissions, or go on with a copy in another place");
  }
  if (reader.is_virtual()) {
    throw job::InputError(path +
                          " only refers to the files of its parts: go on with those that are not complete");
  }
  const std::string hash = reader.text("job_hash");
  const auto differences =
      job::differences(reader.text("job"), provenance.resolved_job, path + ", attribute job");
  if (hash == provenance.job_hash && !differences.empty()) {
    throw job::InputError(path + " is damaged: its attribute job is not the job that its job_hash names (" +
                          differences.front().key +
                          " differs): choose another name with -o, or move the file away");
  }
  if (hash != provenance.job_hash) {
    std::string message = path + " holds the results of another job (its hash is " + hash +
                          ", this job's is " + provenance.job_hash + ")";
    if (differences.empty()) message += "\n  sweep.file: the list's points are others than those in the file";
    for (const auto& difference : differences) {
      message += "\n  " + difference.key + ": " + difference.one + " in the file, " + difference.other +
                 " in this job";
    }
    throw job::InputError(message +
                          "\nGo on with the job it was made from ('gluesweep show FILE --job' prints it), or "
                          "choose another name with -o.");
  }
  const sweep::Share own = reader.share();
  if (own.first == share.first && own.count == share.count) return;
  const auto samples = [](const sweep::Share& s) {
    return "samples " + text(s.first) + " to " + text(s.first + s.count - 1);
  };
  throw job::InputError(path + " holds another part of this scan: " + samples(own) + ", not " +
                        samples(share) +
                        ": give the --part it was made with, or choose another name with -o");
}

}  // namespace gluesweep::output
