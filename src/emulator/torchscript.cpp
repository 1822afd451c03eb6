#include "gluesweep/emulator/torchscript.hpp"

#include <torch/csrc/jit/api/module.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "curves.hpp"
#include "gluesweep/emulator/domain.hpp"
#include "gluesweep/output/target.hpp"
#include "gluesweep/problem/matching.hpp"
#include "gluesweep/problem/problem_nodes.hpp"
#include "graph_script.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;
using problem::Node;

constexpr const char* indent = "    ";

std::string line(const std::string& text) { return indent + text + "\n"; }

std::string text(std::int64_t number) { return std::to_string(number); }

/// What does not depend on the problem. Data types are given by their numbers, 7 for float64 and 11 for bool:
/// without Python nothing knows their names.
constexpr const char* fixed_source = R"(
def basis(self, z, exponents, degree: int):
    values = [torch.ones_like(z), z]
    for i in range(2, degree + 1):
        values.append(2.0 * z * values[i - 1] - values[i - 2])
    table = torch.stack(values, 2)
    product = torch.index_select(table[:, 0], 1, exponents[:, 0])
    for j in range(1, z.size(1)):
        product = product * torch.index_select(table[:, j], 1, exponents[:, j])
    return product

def positions(self, m, x, terms: int):
    a = m[:, 0:1]
    b = m[:, 1:2]
    value = (x - a) / (b - a)
    total = torch.ones_like(a)
    for j in range(terms):
        c = m[:, 2 + 3 * j].unsqueeze(1)
        w = m[:, 3 + 3 * j].unsqueeze(1)
        beta = m[:, 4 + 3 * j].unsqueeze(1)
        first = torch.asinh((a - c) / w)
        share = beta / (torch.asinh((b - c) / w) - first)
        value = value + share * (torch.asinh((x - c) / w) - first)
        total = total + beta
    return torch.clamp(2.0 * value / total - 1.0, -1.0, 1.0)

def constants(self, xi, head, scale, terms: int):
    values = torch.matmul(self.features(xi), head).transpose(1, 2)
    place = xi.unsqueeze(1)
    before = torch.ones_like(place)
    now = place
    logarithm = scale[:, :, 0:1] * before
    for j in range(1, terms):
        logarithm = logarithm + scale[:, :, j].unsqueeze(2) * now
        after = 2.0 * place * now - before
        before = now
        now = after
    return values * torch.exp(logarithm)

def inside(self, theta):
    z = self.normalised(theta.to(7)).detach()
    in_box = (torch.abs(z) <= self.box).all(1)
    return torch.logical_and(in_box, torch.amin(torch.cdist(z, self.training_z, 2.0, 2), 1) <= self.reach)

def known(self, theta, values):
    mask = self.inside(theta)
    while mask.dim() < values.dim():
        mask = mask.unsqueeze(1)
    return torch.where(mask, values, torch.full_like(values, float('nan')))

def scalars(self, theta):
    theta = theta.to(7)
    value = self.quantities(self.normalised(theta))
    exponent = torch.where(self.scalar_logarithm, value, torch.zeros_like(value))
    return self.known(theta, torch.where(self.scalar_logarithm, self.scalar_sign * torch.exp(exponent), value))
)";

std::string normalised_source(const Emulator& emulator) {
  std::string source = "\ndef normalised(self, theta):\n", columns;
  for (std::size_t a = 0; a < emulator.axes.size(); ++a) {
    const auto& axis = emulator.axes[a];
    const bool logarithm = axis.scale == job::Scale::log;
    const double low = logarithm ? std::log(axis.low) : axis.low;
    const double high = logarithm ? std::log(axis.high) : axis.high;
    const auto column = "theta[:, " + text(static_cast<std::int64_t>(a)) + "]";
    columns += (a == 0 ? "" : ", ") + ("z" + text(static_cast<std::int64_t>(a)));
    source += line("z" + text(static_cast<std::int64_t>(a)) + " = 2.0 * (" +
                   (logarithm ? "torch.log(" + column + ")" : column) + " - " + number_text(low) + ") / " +
                   number_text(high - low) + " - 1.0");
  }
  return source + line("return torch.stack([" + columns + "], 1)");
}

/// The regressions of emulator/{chebyshev,gaussian_process,perceptron}.hpp, whose arrays are buffers called
/// `name` and theirs.
std::string regression_source(const std::string& name, const Regression& regression) {
  std::int64_t degree = 0, layers = 0;
  for (const auto& [array, values] : regression.arrays()) {
    if (array == "exponents" && values.numel() > 0) degree = values.max().item().toLong();
    if (array.rfind("weight_", 0) == 0) ++layers;
  }
  const auto own = "self." + name + "_";
  std::string source = "\ndef " + name + "(self, z):\n";
  source += line("value = torch.matmul(self.basis(z, " + own + "exponents, " + text(degree) + "), " + own +
                 "coefficients)");
  if (regression.kind() == "gaussian_process") {
    source += line("apart = (z.unsqueeze(1) - " + own + "places) / " + own + "lengths");
    source +=
        line("value = value + torch.matmul(torch.exp(-0.5 * (apart * apart).sum(2)), " + own + "weights)");
  } else if (regression.kind() == "perceptron") {
    source += line("h = z");
    for (std::int64_t l = 1; l <= layers; ++l) {
      source +=
          line("h = torch.matmul(h, " + own + "weight_" + text(l) + ".t()) + " + own + "bias_" + text(l));
      if (l < layers) source += line("h = torch.tanh(h)");
    }
    source += line("value = value + h");
  } else if (regression.kind() != "chebyshev") {
    throw std::logic_error("a regression of kind '" + regression.kind() + "' has no TorchScript");
  }
  return source + line("return value");
}

/// act(z).
std::string activation_source(job::Network::Activation activation) {
  using Activation = job::Network::Activation;
  switch (activation) {
    case Activation::tanh: return "torch.tanh(z)";
    case Activation::sine: return "torch.sin(z)";
    case Activation::silu: return "z * torch.sigmoid(z)";
    case Activation::gelu: return "0.5 * z * (1.0 + torch.erf(z * " + number_text(std::sqrt(0.5)) + "))";
    case Activation::selu: return "torch.selu(z)";
    case Activation::erf: return "torch.erf(z)";
  }
  throw std::logic_error("an activation without TorchScript");
}

std::string features_source(const Emulator& emulator) {
  const auto& network = emulator.job.network;
  std::string source = "\ndef features(self, xi):\n";
  source += line("z = (xi.unsqueeze(2) - self.trunk_centre) * self.trunk_slope");
  source += line("h = " + activation_source(network.activation));
  const double share = 1.0 / std::sqrt(std::max(network.layers - 1.0, 1.0));
  const bool residual = network.skip == job::Network::Skip::residual;
  for (std::int64_t l = 2; l <= network.layers; ++l) {
    source += line("z = torch.matmul(h, self.trunk_weight_" + text(l) + ".t()) + self.trunk_bias_" + text(l));
    source += line((residual ? "h = h + " + number_text(share) + " * " : "h = ") +
                   activation_source(network.activation));
  }
  source += line("h = torch.cat([h, torch.ones_like(h[:, :, 0:1])], 2)");
  return source + line("return torch.matmul(h, self.trunk_mixing)");
}

/// forward(), from the problem's expressions.
class ForwardSource {
 public:
  explicit ForwardSource(const Emulator& emulator)
      : emulator_(emulator),
        problem_(emulator.job.problem),
        nodes_(problem::declare(graph_, problem_)),
        system_(problem_) {
    const auto base = base_parameters(emulator.job);
    for (std::size_t i = 0; i < base.size(); ++i) fixed_[nodes_.theta[i]] = graph_.number(base[i]);
    for (const auto& axis : emulator.axes)
      fixed_.erase(nodes_.theta[static_cast<std::size_t>(axis.parameter)]);
  }

  std::string operator()() {
    source_ = "\ndef forward(self, theta, x):\n";
    begin();
    edges();
    for (std::size_t p = 0; p < problem_.patches.size(); ++p) patch(p);
    std::string unknowns;
    for (std::size_t u = 0; u < problem_.unknowns.size(); ++u) {
      unknowns += (u == 0 ? "" : ", ") + ("u" + text(static_cast<std::int64_t>(u)));
    }
    source_ += line("result = torch.stack([" + unknowns + "], 2)");
    source_ += line("hole = torch.full_like(result, float('nan'))");
    source_ +=
        line("return self.known(theta, torch.where(on_domain.unsqueeze(0).unsqueeze(2), result, hole))");
    return source_;
  }

 private:
  void begin();
  void edges();
  void patch(std::size_t p);
  Node with_fixed(Node node) { return graph_.substitute(node, fixed_); }
  void name_parameters(GraphScript& script) const;
  std::string to_x(const std::string& t) const { return system_.log_scale() ? "torch.log(" + t + ")" : t; }

  const Emulator& emulator_;
  const job::Problem& problem_;
  problem::Graph graph_;
  problem::ProblemNodes nodes_;
  problem::System system_;
  std::map<Node, Node> fixed_;  // parameters that the scan does not vary
  std::string source_;
};

void ForwardSource::begin() {
  const double start = system_.to_x(system_.start()), end = system_.to_x(system_.end());
  const double slack = domain_slack * (end - start);
  const auto maps = text(emulator_.patches * emulator_.map_parameters);
  source_ += line("theta = theta.to(7)");
  source_ += line("x = x.to(7)");
  source_ += line("z = self.normalised(theta)");
  source_ += line("head = self.mean + torch.matmul(self.amplitudes(z), self.modes)");
  source_ +=
      line("head = head.view(-1, " + text(emulator_.features) + ", " + text(emulator_.constants) + ")");
  source_ += line("layout = self.layout(z)");
  source_ += line("exponent = torch.where(self.layout_logarithm, layout, torch.zeros_like(layout))");
  source_ += line("layout = torch.where(self.layout_logarithm, torch.exp(exponent), layout)");
  source_ += line("scale = layout[:, " + maps + ":].reshape(-1, " + text(emulator_.constants) + ", " +
                  text(emulator_.scale_terms) + ")");
  source_ += line("place = " + to_x("x"));
  source_ += line("on_domain = torch.logical_and(place >= " + number_text(start - slack) +
                  ", place <= " + number_text(end + slack) + ")");
  source_ += line("t = torch.where(on_domain, x, torch.full_like(x, " + number_text(system_.start()) + "))");
  source_ += line("t = torch.clamp(t, " + number_text(system_.start()) + ", " + number_text(system_.end()) +
                  ").unsqueeze(0).expand(theta.size(0), x.size(0))");
  source_ += line("place = " + to_x("t"));
  for (std::size_t a = 0; a < emulator_.axes.size(); ++a) {
    const auto i = text(static_cast<std::int64_t>(a));
    source_ += line("theta" + i + " = theta[:, " + i + "].unsqueeze(1)");
  }
}

void ForwardSource::name_parameters(GraphScript& script) const {
  for (std::size_t a = 0; a < emulator_.axes.size(); ++a) {
    script.name(nodes_.theta[static_cast<std::size_t>(emulator_.axes[a].parameter)],
                "theta" + text(static_cast<std::int64_t>(a)));
  }
}

/// The patches' own edges, as problem::make_regions has them.
void ForwardSource::edges() {
  const double start = system_.to_x(system_.start()), end = system_.to_x(system_.end());
  const double least = problem::smallest_share * (end - start);
  const auto last = static_cast<int>(problem_.patches.size()) - 1;
  GraphScript script(graph_, "h", indent);
  name_parameters(script);
  source_ += line("edge0 = torch.full_like(theta0, " + number_text(start) + ")");
  for (int p = 0; p < last; ++p) {
    auto node = graph_.build(problem_.patches[static_cast<std::size_t>(p)].until, nodes_.everywhere);
    if (system_.log_scale()) node = graph_.apply(problem::Op::log, node);
    const auto value = script.write(with_fixed(node), source_);
    source_ += line("edge" + text(p + 1) + " = torch.clamp_max(torch.maximum(torch.ones_like(theta0) * " +
                    value + ", edge" + text(p) + " + " + number_text(least) + "), " +
                    number_text(end - (last - p) * least) + ")");
  }
  source_ += line("edge" + text(last + 1) + " = torch.full_like(theta0, " + number_text(end) + ")");
}

void ForwardSource::patch(std::size_t index) {
  const auto p = static_cast<std::int64_t>(index), n = static_cast<std::int64_t>(system_.size());
  const bool last = index + 1 == problem_.patches.size();
  const auto before = "edge" + text(p), after = "edge" + text(p + 1), prefix = "p" + text(p) + "_";
  if (last && p == 0) {
    source_ += line("owned = torch.ones_like(place).to(11)");
  } else if (last) {
    source_ += line("owned = place > " + before);
  } else if (p == 0) {
    source_ += line("owned = place <= " + after);
  } else {
    source_ += line("owned = torch.logical_and(place > " + before + ", place <= " + after + ")");
  }
  source_ += line("own = torch.where(owned, place, torch.minimum(torch.maximum(place, " + before + "), " +
                  after + "))");
  source_ += line("own_t = torch.where(owned, t, " +
                  std::string(system_.log_scale() ? "torch.exp(own)" : "own") + ")");
  source_ += line("xi = self.positions(layout[:, " + text(p * emulator_.map_parameters) + ":" +
                  text((p + 1) * emulator_.map_parameters) + "], own, " +
                  text((emulator_.map_parameters - 2) / 3) + ")");
  const auto columns = text(p * n) + ":" + text((p + 1) * n);
  source_ += line("c = self.constants(xi, head[:, :, " + columns + "], scale[:, " + columns + "], " +
                  text(emulator_.scale_terms) + ")");
  const auto patch = problem::declare_patch(graph_, problem_, index, nodes_);
  GraphScript script(graph_, prefix, indent);
  name_parameters(script);
  script.name(nodes_.t, "own_t");
  for (std::size_t k = 0; k < patch.constants.size(); ++k) {
    const auto constant = prefix + "c" + text(static_cast<std::int64_t>(k));
    source_ += line(constant + " = c[:, " + text(static_cast<std::int64_t>(k)) + "]");
    script.name(patch.constants[k], constant);
  }
  for (std::size_t u = 0; u < problem_.unknowns.size(); ++u) {
    const auto value = script.write(with_fixed(patch.phi[static_cast<std::size_t>(nodes_.base[u])]), source_);
    const auto unknown = "u" + text(static_cast<std::int64_t>(u));
    const auto whole = "torch.ones_like(place) * " + value;
    source_ +=
        line(unknown + " = " + (p == 0 ? whole : "torch.where(owned, " + whole + ", " + unknown + ")"));
  }
}

void register_arrays(torch::jit::Module& module, const std::string& name, const Regression& regression) {
  for (const auto& [array, values] : regression.arrays()) {
    module.register_buffer(name + "_" + array, array == "exponents" ? values.to(at::kLong) : values.clone());
  }
}

void register_names(torch::jit::Module& module, const std::string& name,
                    const std::vector<std::string>& words) {
  c10::List<std::string> list;
  for (const auto& word : words) list.push_back(word);
  module.register_attribute(name, c10::ListType::ofStrings(), list);
}

torch::jit::Module make_module(const Emulator& emulator) {
  torch::jit::Module module("GluesweepEmulator");
  for (const auto& [name, values] : emulator.trunk) module.register_buffer("trunk_" + name, values.clone());
  module.register_buffer("mean", emulator.mean.clone());
  module.register_buffer("modes", emulator.modes.clone());
  module.register_buffer("layout_logarithm", emulator.layout_logarithm > 0.5);
  module.register_buffer("training_z", emulator.training_z.clone());
  register_arrays(module, "amplitudes", *emulator.amplitudes);
  register_arrays(module, "layout", *emulator.layout);
  register_arrays(module, "quantities", *emulator.quantities);
  module.register_attribute("reach", c10::FloatType::get(), emulator.reach);
  module.register_attribute("box", c10::FloatType::get(), box_edge);
  std::vector<std::string> axes, unknowns, scalars;
  std::vector<double> logarithm, sign;
  for (const auto& axis : emulator.axes) axes.push_back(axis.name);
  for (const auto& unknown : emulator.job.problem.unknowns) unknowns.push_back(unknown.name);
  for (const auto& scalar : emulator.scalars) {
    scalars.push_back(scalar.name);
    logarithm.push_back(scalar.logarithm ? 1.0 : 0.0);
    sign.push_back(scalar.negative ? -1.0 : 1.0);
  }
  module.register_buffer("scalar_logarithm", at::tensor(logarithm, at::kDouble) > 0.5);
  module.register_buffer("scalar_sign", at::tensor(sign, at::kDouble));
  register_names(module, "axes", axes);
  register_names(module, "unknowns", unknowns);
  register_names(module, "scalar_names", scalars);
  module.register_attribute("variable", c10::StringType::get(), emulator.job.problem.variable.symbol);
  module.register_attribute("job", c10::StringType::get(), emulator.job_text);
  module.define(torchscript_source(emulator));
  return module;
}

std::int64_t bytes_of(const torch::jit::Module& module) {
  std::int64_t bytes = 1 << 16;  // of the source
  for (const auto& buffer : module.buffers()) bytes += static_cast<std::int64_t>(buffer.nbytes());
  return bytes;
}

}  // namespace

std::string torchscript_source(const Emulator& emulator) {
  return normalised_source(emulator) + fixed_source + features_source(emulator) +
         regression_source("amplitudes", *emulator.amplitudes) +
         regression_source("layout", *emulator.layout) +
         regression_source("quantities", *emulator.quantities) + ForwardSource(emulator)();
}

void write_torchscript(const std::string& path, const Emulator& emulator) {
  const auto module = make_module(emulator);
  output::check_target(path, bytes_of(module));
  const std::string temporary = output::temporary_name(path);
  try {
    module.save(temporary);
    output::publish(temporary, path);
  } catch (const c10::Error& error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw std::runtime_error(path + " cannot be written: " + error.what_without_backtrace());
  }
}

}  // namespace gluesweep::emulator
