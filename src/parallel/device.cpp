#include "gluesweep/parallel/device.hpp"

#include <c10/core/impl/DeviceGuardImplInterface.h>

#include "gluesweep/job/error.hpp"

namespace gluesweep::parallel {
namespace {

/// Asks the device registry, whose interface is the same in LibTorch 1.13 and 2.x; a CPU build registers no
/// CUDA.
int count_gpus() {
  if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) return 0;
  return c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount();
}

at::Device gpu(int index) { return {at::kCUDA, static_cast<c10::DeviceIndex>(index)}; }

/// N of "cuda:N", or -1 if the text is not that.
int gpu_index(const std::string& specification) {
  const std::string prefix = "cuda:";
  if (specification.compare(0, prefix.size(), prefix) != 0) return -1;
  const std::string digits = specification.substr(prefix.size());
  const bool plain =
      !digits.empty() && digits.size() <= 2 && digits.find_first_not_of("0123456789") == std::string::npos;
  return plain ? std::stoi(digits) : -1;
}

}  // namespace

at::Device choose_device(const std::string& specification, int node_local_rank, int visible_gpus) {
  if (specification == "cpu") return at::kCPU;
  if (specification == "auto")
    return visible_gpus > 0 ? gpu(node_local_rank % visible_gpus) : at::Device(at::kCPU);

  const int index = gpu_index(specification);
  if (specification != "cuda" && index < 0) {
    throw job::InputError("run.device is '" + specification + "': accepted are auto, cpu, cuda and cuda:N");
  }
  if (visible_gpus == 0) {
    throw job::InputError(
        "run.device is '" + specification +
        "', but no CUDA device is visible to LibTorch on this node: use run.device: auto or cpu, "
        "check nvidia-smi and CUDA_VISIBLE_DEVICES, or build with a CUDA version of LibTorch");
  }
  if (index >= visible_gpus) {
    throw job::InputError(
        "run.device is '" + specification + "', but only " + std::to_string(visible_gpus) +
        " CUDA device(s) are visible on this node, numbered from 0: use run.device: cuda, which "
        "deals the ranks out over them");
  }
  return gpu(index >= 0 ? index : node_local_rank % visible_gpus);
}

at::Device choose_device(const std::string& specification, int node_local_rank) {
  return choose_device(specification, node_local_rank, count_gpus());
}

}  // namespace gluesweep::parallel
