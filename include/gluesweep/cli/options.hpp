#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "gluesweep/job/error.hpp"
#include "gluesweep/job/job.hpp"

namespace gluesweep::cli {

enum class ProgressStyle { automatic, bar, plain, none };

struct RunOptions {
  std::string job;                     ///< path of the job file
  std::vector<std::string> overrides;  ///< `key=value`, in order
  std::string output;  ///< sweep file; empty: the job's name with .h5, in the current directory
  std::string device;  ///< empty: what the job says
  ProgressStyle progress = ProgressStyle::automatic;
  double max_failed = 0.01;  ///< share of points that may fail before the exit code says so
  bool dry_run = false;
  bool resume = false;        ///< go on with the sweep file, if there is one
  bool retry_failed = false;  ///< the same, and train its failed points again
  bool overwrite = false;     ///< replace the sweep file, if there is one
  std::int64_t part = 1;      ///< of `parts` parts of the scan, from 1: the one to run
  std::int64_t parts = 1;
  std::vector<std::string> words;  ///< the command line after `run`, as it was given
};

struct CheckOptions {
  std::string job;
  std::vector<std::string> overrides;
  std::string device;
};

struct ShowOptions {
  std::string file;
  std::int64_t worst = 5;  ///< how many of the worst points to list
  bool job = false;        ///< print the stored job instead of the summary
};

struct MergeOptions {
  std::vector<std::string> files;
  std::string output;
  bool refer = false;  ///< a virtual file instead of a copy
};

enum class TableFormat { text, markdown };

/// One row of a comparison.
struct MethodChoice {
  std::string method;  ///< a value of training.method
  std::string ansatz;  ///< one of training.ansatz; empty: the job's
};

struct CompareOptions {
  std::string job;
  std::vector<std::string> overrides;
  std::string output;                 ///< comparison file; empty: the job's name with _compare.h5
  std::string device;                 ///< empty: what the job says
  std::vector<MethodChoice> methods;  ///< in the order of the table
  std::int64_t points = 0;            ///< 0: not given
  TableFormat format = TableFormat::text;
  ProgressStyle progress = ProgressStyle::automatic;
};

struct EmulateOptions {
  std::vector<std::string> files;  ///< sweep files of one problem
  std::string output;              ///< emulator file; empty: the first sweep file's name with _emulator.h5
  double holdout = 0.1;            ///< share of the points that measure the errors
  double max_error = 1.0e-6;       ///< points with a larger error estimate are left out
  double tolerance = 1.0e-7;       ///< error of the solution that is small enough
  std::string regression;          ///< auto, chebyshev, gaussian_process or perceptron
  bool no_module = false;          ///< write no TorchScript module beside the file
  std::uint64_t seed = 0;
  job::Network::Init init;  ///< of the perceptron
};

struct RefineOptions {
  std::vector<std::string> files;      ///< sweep files of one problem
  std::string job;                     ///< whose ranges the new points are chosen from
  std::vector<std::string> overrides;  ///< `key=value`, in order
  std::string output;                  ///< list of points
  std::int64_t count = 0;              ///< points; 0: a quarter of those that there are
  double holdout = 0.2;                ///< share of the points that measure the errors, in each fit
  double max_error = 1.0e-6;           ///< points with a larger error estimate are left out
  double filling = 0.25;               ///< share of the new points that only fill space
  std::int64_t fits = 4;               ///< emulators that are compared
  std::string regression;              ///< auto, chebyshev, gaussian_process or perceptron
  std::uint64_t seed = 0;
};

struct DiagnoseOptions {
  std::string subject;  ///< job, sweep file or emulator
  std::vector<std::string> overrides;
  std::string output;                ///< file for all curves; empty: none
  std::vector<std::int64_t> widths;  ///< of random networks; empty: the trunk's and `default_wide`
  int draws = 12;                    ///< random networks of each width; 0: none, theory only
  int depth = 32;                    ///< layers of the random networks
  std::string coefficients;          ///< sweep file whose coefficient functions are fitted
  std::uint64_t seed = 0;
};
inline constexpr std::int64_t default_wide = 1000;

/// What becomes of points outside an emulator's domain.
enum class OutsideChoice { undefined, warned, refused };

struct PredictOptions {
  std::string emulator;
  std::vector<std::string> at;  ///< "k1=0.1,k2=50", a point each
  std::string csv;              ///< or a file with a point a line
  std::vector<double> places;   ///< values of the variable; empty: `points` over its range
  std::int64_t points = 256;
  std::string output;  ///< .h5 or .csv; empty: a table to standard output
  OutsideChoice outside = OutsideChoice::undefined;
  int threads = 0;  ///< 0: one a processor
};

/// `--help` in any place: print the text and be done.
struct HelpRequest {
  std::string text;
};
struct VersionRequest {};

using Request =
    std::variant<HelpRequest, VersionRequest, RunOptions, CheckOptions, ShowOptions, CompareOptions,
                 MergeOptions, EmulateOptions, PredictOptions, RefineOptions, DiagnoseOptions>;

/// What the command line asks for; `arguments` without the program's name. Throws job::InputError that names
/// the wrong word, the nearest right one and where to read more. Depends on nothing but its arguments, so
/// that every rank comes to the same result.
Request parse_arguments(const std::vector<std::string>& arguments);

}  // namespace gluesweep::cli
