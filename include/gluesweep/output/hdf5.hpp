#pragma once

#include <ATen/ATen.h>
#include <hdf5.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

/// The few things every use of HDF5 here shares: one handle, one check, attributes.
namespace gluesweep::output {

/// HDF5 refused something: what() names the file, the operation and HDF5's own innermost message.
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Passes a result of HDF5 on, or throws FileError if it is negative. Must be the next thing after the call:
/// HDF5 forgets its message with the call after that.
hid_t check(hid_t result, const std::string& operation, const std::string& file);

/// From now on HDF5 does not print its errors itself.
void silence_hdf5();

/// Owns one HDF5 identifier of any kind. Move-only.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Handle() = default;
  Handle(hid_t id, Close closer) : id_(id), close_(closer) {}
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  ~Handle();

  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }

  /// Closes now and reports an error, which the destructor cannot.
  void close(const std::string& operation, const std::string& file);
  /// Gives the identifier up without closing it.
  hid_t release();

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

/// Attributes of any object. Text is one UTF-8 string of variable length: of any size (a fixed one ends at 64
/// KiB), and Python readers get it as a string (they keep fixed ones of one character as bytes). A list is a
/// vector.
void write_attribute(hid_t object, const std::string& name, const std::string& text, const std::string& file);
void write_attribute(hid_t object, const std::string& name, double value, const std::string& file);
void write_attribute(hid_t object, const std::string& name, std::int64_t value, const std::string& file);
void write_attribute(hid_t object, const std::string& name, const std::vector<std::uint8_t>& values,
                     const std::string& file);

bool has_attribute(hid_t object, const std::string& name);
std::string read_text_attribute(hid_t object, const std::string& name, const std::string& file);
std::int64_t read_integer_attribute(hid_t object, const std::string& name, const std::string& file);

/// The memory type of a tensor's numbers: float64, int64, int32 or uint8.
hid_t native_type(at::ScalarType type);

/// Extents of a dataset.
std::vector<std::int64_t> extents(hid_t dataset, const std::string& file);

/// Writes or reads the rows first ... first+counts[0]-1 of a dataset; counts has its rank and covers the
/// further dimensions from 0. `type` is that of the memory.
void write_slab(hid_t dataset, hid_t type, std::int64_t first, const std::vector<std::int64_t>& counts,
                const void* data, const std::string& file);
void read_slab(hid_t dataset, hid_t type, std::int64_t first, const std::vector<std::int64_t>& counts,
               void* data, const std::string& file);

}  // namespace gluesweep::output
