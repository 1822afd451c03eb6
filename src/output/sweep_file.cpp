#include "gluesweep/output/sweep_file.hpp"

#include <unistd.h>

#include <exception>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "create.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/output/hdf5.hpp"
#include "gluesweep/output/sweep_reader.hpp"

namespace gluesweep::output {
namespace {

namespace fs = std::filesystem;

std::string in_megabytes(double bytes) {
  return std::to_string(static_cast<std::int64_t>(bytes / 1.0e6) + 1) + " MB";
}

/// Opens for writing: together with MPI-IO, which takes no locks, or serially with a null communicator.
Handle open_for_writing(const parallel::Communicator& communicator, const std::string& path) {
  silence_hdf5();
  const Handle access(check(H5Pcreate(H5P_FILE_ACCESS), "make a property list", path), H5Pclose);
  if (communicator.is_null()) {
    // Without a chunk cache every write goes to the file at once, as with MPI-IO: rows before their status.
    check(H5Pset_cache(access.get(), 0, 0, 0, 0.0), "turn the chunk cache off", path);
  } else {
    check(H5Pset_fapl_mpio(access.get(), communicator.handle(), MPI_INFO_NULL), "choose MPI-IO", path);
  }
  return {check(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.get()), "open", path), H5Fclose};
}

void check_job(const std::string& path, const std::string& job_hash) {
  const SweepReader reader(path);
  const std::string hash = reader.text("job_hash");
  if (hash == job_hash) return;
  throw job::InputError(path + " holds the results of another job (its hash is " + hash + ", this job's is " +
                        job_hash +
                        "): go on with the job it was made from, which it holds as the attribute `job`, "
                        "or choose another name with -o");
}

}  // namespace

struct SweepFile::Implementation {
  struct Column {
    Variable variable;
    Handle dataset;
  };

  Implementation(const parallel::Communicator& communicator, std::string file, const job::Job& sweep_job,
                 const Layout& layout)
      : path(std::move(file)), job(sweep_job), handle(open_for_writing(communicator, path)) {
    for (const Variable& variable : layout.variables) {
      if (!variable.by_sample() || variable.source == Source::sample) continue;
      Handle dataset(check(H5Dopen2(handle.get(), full_name(variable).c_str(), H5P_DEFAULT),
                           "open the variable " + full_name(variable), path),
                     H5Dclose);
      if (extents(dataset.get(), path) != variable.shape) {
        throw FileError(path + ": the variable " + full_name(variable) +
                        " has another shape than this job's");
      }
      (variable.source == Source::status ? status : columns).push_back({variable, std::move(dataset)});
    }
  }

  ~Implementation() {
    // Closing is collective. During an exception the other ranks do not come: the program ends by MPI_Abort,
    // and all that was written is in the file already.
    if (std::uncaught_exceptions() == 0) return;
    for (auto* list : {&columns, &status}) {
      for (Column& column : *list) column.dataset.release();
    }
    handle.release();
  }

  void write(const Column& column, const sweep::Block& block, const at::Tensor& swept,
             const training::BlockResult& result) const {
    const at::Tensor rows = rows_of(column.variable, job, swept, result);
    write_slab(column.dataset.get(), native_type(column.variable.type), block.first, rows.sizes().vec(),
               rows.data_ptr(), path);
  }

  std::string path;
  job::Job job;
  Handle handle;
  std::vector<Column> columns;  // all but the status
  std::vector<Column> status;
};

SweepFile::SweepFile(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
SweepFile::~SweepFile() = default;
SweepFile::SweepFile(SweepFile&&) noexcept = default;

SweepFile SweepFile::create(const parallel::Communicator& communicator, const std::string& path,
                            const job::Job& job, const sweep::ParameterSpace& space,
                            const NetworkArrays& network, const Provenance& provenance) {
  silence_hdf5();
  const Layout layout = make_layout(job, space.size(), network);
  parallel::on_rank_zero(communicator, [&] {
    create_file({path, job, space, network, provenance, layout, communicator.size()});
  });
  return SweepFile(std::make_unique<Implementation>(communicator, path, job, layout));
}

SweepFile SweepFile::open(const parallel::Communicator& communicator, const std::string& path,
                          const job::Job& job, const NetworkArrays& network, const std::string& job_hash) {
  parallel::on_rank_zero(communicator, [&] { check_job(path, job_hash); });
  const Layout layout = make_layout(job, sweep::ParameterSpace(job).size(), network);
  return SweepFile(std::make_unique<Implementation>(communicator, path, job, layout));
}

void SweepFile::write(const sweep::Block& block, const at::Tensor& swept,
                      const training::BlockResult& result) {
  if (swept.size(0) != block.count)
    throw std::logic_error("a block's parameters do not have its number of rows");
  for (const auto& column : implementation_->columns) implementation_->write(column, block, swept, result);
  for (const auto& column : implementation_->status) implementation_->write(column, block, swept, result);
}

void SweepFile::close() {
  implementation_->columns.clear();
  implementation_->status.clear();
  implementation_->handle.close("close", implementation_->path);
}

void check_target(const std::string& path, std::int64_t bytes) {
  const fs::path file(path);
  if (!file.has_filename()) {
    throw job::InputError("'" + path +
                          "' is not a file name for the results: give one with -o, e.g. -o sweep.h5");
  }
  std::error_code problem;
  if (fs::exists(file, problem)) {
    throw job::InputError(
        path +
        " exists already, and results are never overwritten: choose another name with -o, or "
        "move the file away");
  }
  const fs::path directory = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (!fs::is_directory(directory, problem)) {
    throw job::InputError(path + " cannot be created: there is no directory " + directory.string() +
                          ": create it with mkdir -p, or choose another name with -o");
  }
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    throw job::InputError(path + " cannot be created: the directory " + directory.string() +
                          " is not writable: choose another one with -o");
  }
  const fs::space_info space = fs::space(directory, problem);
  if (!problem && space.available < static_cast<std::uintmax_t>(bytes)) {
    throw job::InputError(
        path + " will need " + in_megabytes(static_cast<double>(bytes)) + ", but its file system has " +
        in_megabytes(static_cast<double>(space.available)) +
        " left: choose another directory with -o, fewer sweep.samples or output.points, or a shorter "
        "list in output.store");
  }
}

}  // namespace gluesweep::output
