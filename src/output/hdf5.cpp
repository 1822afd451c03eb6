#include "gluesweep/output/hdf5.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace gluesweep::output {
namespace {

herr_t note_innermost(unsigned position, const H5E_error2_t* error, void* text) {
  if (position == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

std::string innermost_message() {
  std::string message;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, note_innermost, &message);
  H5Eclear2(H5E_DEFAULT);
  return message.empty() ? "no reason given" : message;
}

/// The system's own words, where HDF5 wraps them in addresses and offsets, and what to do about it.
std::string plain_reason(const std::string& message) {
  const std::string mark = "error message = '";
  const std::size_t start = message.find(mark);
  if (start == std::string::npos || message.find("lock file") != std::string::npos) return message;
  const std::size_t first = start + mark.size();
  const std::string reason = message.substr(first, message.find('\'', first) - first);
  const auto is = [&](int number) { return reason == std::strerror(number); };
  if (is(ENOSPC)) return reason + ": free some, or choose another file system with -o";
  if (is(EDQUOT)) return reason + ": free some of your quota, or choose another file system with -o";
  if (is(EFBIG))
    return reason + ": the limit of a file's size (ulimit -f) or of the file system is too small";
  return reason;
}

void write_scalar(hid_t object, const std::string& name, hid_t type, const void* value,
                  const std::string& file) {
  const Handle space(check(H5Screate(H5S_SCALAR), "make a scalar dataspace", file), H5Sclose);
  const Handle attribute(check(H5Acreate2(object, name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                               "create the attribute " + name, file),
                         H5Aclose);
  check(H5Awrite(attribute.get(), type, value), "write the attribute " + name, file);
}

/// An attribute of one value: reading writes as many values as the file holds, whatever there is room for.
Handle open_attribute(hid_t object, const std::string& name, const std::string& file) {
  Handle attribute(check(H5Aopen(object, name.c_str(), H5P_DEFAULT), "open the attribute " + name, file),
                   H5Aclose);
  const Handle space(check(H5Aget_space(attribute.get()), "look up the extents of " + name, file), H5Sclose);
  const hssize_t values = H5Sget_simple_extent_npoints(space.get());
  if (values != 1) {
    throw FileError(file + ": the attribute " + name + " holds " + std::to_string(values) +
                    " values instead of one");
  }
  return attribute;
}

Handle string_type(const std::string& file) {
  Handle type(check(H5Tcopy(H5T_C_S1), "make a string type", file), H5Tclose);
  check(H5Tset_size(type.get(), H5T_VARIABLE), "size a string type", file);
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "encode a string type", file);
  return type;
}

struct Slab {
  Handle file, memory;
};

Slab select_rows(hid_t dataset, std::int64_t first, const std::vector<std::int64_t>& counts,
                 const std::string& file) {
  std::vector<hsize_t> start(counts.size(), 0);
  const std::vector<hsize_t> count(counts.begin(), counts.end());
  start.at(0) = static_cast<hsize_t>(first);
  Slab slab{{check(H5Dget_space(dataset), "look up the extents of a dataset", file), H5Sclose},
            {check(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                   "make a dataspace", file),
             H5Sclose}};
  check(H5Sselect_hyperslab(slab.file.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
        "select rows", file);
  return slab;
}

/// MPI-IO does not say why a write failed.
std::string full_disk(const std::string& reason, const std::string& file) {
  constexpr std::uintmax_t little = 1 << 20;
  if (reason.find("write failed") == std::string::npos) return "";
  std::error_code problem;
  const auto directory = std::filesystem::absolute(file, problem).parent_path();
  const auto space = std::filesystem::space(directory, problem);
  if (problem || space.available > little) return "";
  return std::string(": ") + std::strerror(ENOSPC) + ". Free some, then go on with --resume";
}

}  // namespace

hid_t check(hid_t result, const std::string& operation, const std::string& file) {
  if (result >= 0) return result;
  const std::string reason = plain_reason(innermost_message());
  std::string message = file + ": could not " + operation + ": " + reason + full_disk(reason, file);
  const auto says = [&reason](const char* words) { return reason.find(words) != std::string::npos; };
  if (says("lock file") || says("file locking")) {
    message +=
        ". Another program has the file open for writing, or its file system has no locks: close the other "
        "program, "
        "or, if there is none, set the environment variable HDF5_USE_FILE_LOCKING=FALSE";
  }
  throw FileError(message);
}

void silence_hdf5() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

Handle::Handle(Handle&& other) noexcept
    : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(std::exchange(other.close_, nullptr)) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(close_, other.close_);
  return *this;
}

Handle::~Handle() {
  if (id_ >= 0) close_(id_);
}

void Handle::close(const std::string& operation, const std::string& file) {
  if (id_ < 0) return;
  const Close closer = close_;
  check(closer(release()), operation, file);
}

hid_t Handle::release() { return std::exchange(id_, H5I_INVALID_HID); }

void write_attribute(hid_t object, const std::string& name, const std::string& text,
                     const std::string& file) {
  const Handle type = string_type(file);
  const char* pointer = text.c_str();
  write_scalar(object, name, type.get(), &pointer, file);
}

void write_attribute(hid_t object, const std::string& name, double value, const std::string& file) {
  write_scalar(object, name, H5T_NATIVE_DOUBLE, &value, file);
}

void write_attribute(hid_t object, const std::string& name, std::int64_t value, const std::string& file) {
  write_scalar(object, name, H5T_NATIVE_INT64, &value, file);
}

void write_attribute(hid_t object, const std::string& name, const std::vector<std::uint8_t>& values,
                     const std::string& file) {
  const hsize_t size = values.size();
  const Handle space(check(H5Screate_simple(1, &size, nullptr), "make a dataspace", file), H5Sclose);
  const Handle attribute(
      check(H5Acreate2(object, name.c_str(), H5T_NATIVE_UINT8, space.get(), H5P_DEFAULT, H5P_DEFAULT),
            "create the attribute " + name, file),
      H5Aclose);
  check(H5Awrite(attribute.get(), H5T_NATIVE_UINT8, values.data()), "write the attribute " + name, file);
}

bool has_attribute(hid_t object, const std::string& name) { return H5Aexists(object, name.c_str()) > 0; }

std::string read_text_attribute(hid_t object, const std::string& name, const std::string& file) {
  const Handle attribute = open_attribute(object, name, file);
  const Handle type = string_type(file);
  char* buffer = nullptr;
  check(H5Aread(attribute.get(), type.get(), &buffer), "read the text of the attribute " + name, file);
  const std::string text(buffer == nullptr ? "" : buffer);
  H5free_memory(buffer);
  return text;
}

std::int64_t read_integer_attribute(hid_t object, const std::string& name, const std::string& file) {
  const Handle attribute = open_attribute(object, name, file);
  std::int64_t value = 0;
  check(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), "read the attribute " + name, file);
  return value;
}

hid_t native_type(at::ScalarType type) {
  switch (type) {
    case at::kLong: return H5T_NATIVE_INT64;
    case at::kInt: return H5T_NATIVE_INT32;
    case at::kByte: return H5T_NATIVE_UINT8;
    default: return H5T_NATIVE_DOUBLE;
  }
}

std::vector<std::int64_t> extents(hid_t dataset, const std::string& file) {
  const Handle space(check(H5Dget_space(dataset), "look up the extents of a dataset", file), H5Sclose);
  const auto rank =
      static_cast<std::size_t>(check(H5Sget_simple_extent_ndims(space.get()), "look up a rank", file));
  std::vector<hsize_t> sizes(rank);
  check(H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr), "look up the extents", file);
  return {sizes.begin(), sizes.end()};
}

void write_slab(hid_t dataset, hid_t type, std::int64_t first, const std::vector<std::int64_t>& counts,
                const void* data, const std::string& file) {
  const Slab slab = select_rows(dataset, first, counts, file);
  check(H5Dwrite(dataset, type, slab.memory.get(), slab.file.get(), H5P_DEFAULT, data), "write rows", file);
}

void read_slab(hid_t dataset, hid_t type, std::int64_t first, const std::vector<std::int64_t>& counts,
               void* data, const std::string& file) {
  const Slab slab = select_rows(dataset, first, counts, file);
  check(H5Dread(dataset, type, slab.memory.get(), slab.file.get(), H5P_DEFAULT, data), "read rows", file);
}

}  // namespace gluesweep::output
