#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gluesweep/cli/options.hpp"
#include "gluesweep/job/job.hpp"
#include "gluesweep/network/criticality.hpp"
#include "gluesweep/network/decimation.hpp"
#include "gluesweep/network/depth_curves.hpp"
#include "gluesweep/network/layer_statistics.hpp"
#include "gluesweep/network/mean_field.hpp"
#include "gluesweep/network/representation.hpp"

/// What 'gluesweep diagnose' finds out about a trunk.
namespace gluesweep::cli {

struct DiagnosedTrunk {
  job::Job job;
  std::string origin;  ///< of the trunk: "job", "sweep file" or "emulator"
  network::Elements elements;
  network::Trunk trunk;
  network::Couplings couplings;  ///< of the layers behind the first: as configured, or of the stored weights
};

/// Random networks of one width behind the trunk's first layer.
struct WidthCurves {
  std::int64_t width;
  network::SampledCurves curves;
};

/// Best fits to the coefficient functions of a sweep file's points.
struct CoefficientFits {
  std::vector<std::string> names;  ///< patch_constant
  at::Tensor errors;               ///< (points, constants)
};

struct TrunkDiagnosis {
  explicit TrunkDiagnosis(DiagnosedTrunk given) : subject(std::move(given)) {}

  DiagnosedTrunk subject;
  std::vector<network::LayerStatistics> layers;
  network::SymmetryTest symmetry{};
  std::optional<network::FixedPoint> fixed_point;  ///< none with skip connections, whose lengths add up
  std::optional<network::CriticalPoint> critical;  ///< at the same sigma_b
  at::Tensor places;                               ///< (m) in xi
  network::Pairs pairs;
  network::DepthCurves predicted;  ///< layers 2 ... depth
  network::DepthCurves own;        ///< layers 2 ... of the trunk
  std::vector<WidthCurves> widths;
  std::vector<network::FlowStep> flow;
  std::int64_t width = 0;  ///< of the networks that the following were measured on
  std::optional<network::SampledFlow> sampled_flow;
  std::optional<network::TwoStepMap> two_steps;
  std::optional<network::FiniteDepth> transition;
  network::FeatureSpectrum spectrum{};
  at::Tensor function_errors;  ///< of network::test_functions()
  std::optional<CoefficientFits> coefficients;

  const job::Network& network() const { return subject.job.network; }
};

/// Throws job::InputError where job or file do not describe a trunk.
TrunkDiagnosis diagnose(const DiagnoseOptions& options);

std::string diagnosis_text(const TrunkDiagnosis& found);

/// Everything with all curves, as an HDF5 file.
void write_diagnosis_file(const std::string& path, const TrunkDiagnosis& found,
                          const DiagnoseOptions& options);

}  // namespace gluesweep::cli
