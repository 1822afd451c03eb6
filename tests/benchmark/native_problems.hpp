#pragma once

#include <algorithm>
#include <cmath>

/// The shipped initial value problems as a user would write them for CVODE: parameters in members, right-hand
/// side and Jacobian by hand. Every problem has
///
///   size                      n, state components
///   P(parameters)             in the order of the job's problem
///   start(u)                  the state at the start of the domain
///   slope(t, u, du)           du/dt
///   jacobian(t, u, j)         d slope_i / d u_k at j[i n + k]
///   smallest(t_end, s)        per component the smallest size that matters up to t_end: where it falls
///   below,
///                             CVODE's absolute tolerance (rtol times this size) takes over. It is the
///                             smallest value of the scale in which the job measures errors.
namespace gluesweep::benchmark::native {

struct MixedOrderDecay {
  static constexpr int size = 1;
  double k1, k2, a0;

  explicit MixedOrderDecay(const double* p) : k1(p[0]), k2(p[1]), a0(p[2]) {}
  void start(double* u) const { u[0] = a0; }
  void slope(double, const double* u, double* du) const { du[0] = -(k1 + k2 * u[0]) * u[0]; }
  void jacobian(double, const double* u, double* j) const { j[0] = -k1 - 2.0 * k2 * u[0]; }
  void smallest(double t_end, double* s) const { s[0] = k1 / k2 * std::exp(-k1 * t_end); }
};

struct MichaelisMenten {
  static constexpr int size = 2;
  double kf, kcat, kr, e0, s0;

  explicit MichaelisMenten(const double* p) : kf(p[0]), kcat(p[1]), kr(p[2]), e0(p[3]), s0(p[4]) {}
  void start(double* u) const {
    u[0] = s0;
    u[1] = 0.0;
  }
  void slope(double, const double* u, double* du) const {
    const double binding = kf * (e0 - u[1]) * u[0];
    du[0] = -binding + kr * u[1];
    du[1] = binding - (kr + kcat) * u[1];
  }
  void jacobian(double, const double* u, double* j) const {
    j[0] = -kf * (e0 - u[1]);
    j[1] = kf * u[0] + kr;
    j[2] = kf * (e0 - u[1]);
    j[3] = -kf * u[0] - kr - kcat;
  }
  /// The substrate counts however small it is, and the complex feeds it.
  void smallest(double t_end, double* s) const {
    const double total = kf * e0 + kr + kcat;
    const double decay = 2.0 * kf * e0 * kcat / (total + std::sqrt(total * total - 4.0 * kf * e0 * kcat));
    s[0] = s[1] = 0.1 * s0 * std::exp(-decay * t_end);
  }
};

struct Robertson {
  static constexpr int size = 3;
  double k1, k3, k2;

  explicit Robertson(const double* p) : k1(p[0]), k3(p[1]), k2(p[2]) {}
  void start(double* u) const {
    u[0] = 1.0;
    u[1] = u[2] = 0.0;
  }
  void slope(double, const double* u, double* du) const {
    du[2] = k3 * u[1] * u[1];
    du[0] = -k1 * u[0] + k2 * u[1] * u[2];
    du[1] = -du[0] - du[2];
  }
  void jacobian(double, const double* u, double* j) const {
    j[0] = -k1;
    j[1] = k2 * u[2];
    j[2] = k2 * u[1];
    j[6] = 0.0;
    j[7] = 2.0 * k3 * u[1];
    j[8] = 0.0;
    for (int k = 0; k < 3; ++k) j[3 + k] = -j[k] - j[6 + k];
  }
  void smallest(double t_end, double* s) const {
    s[0] = 1.0 / (1.0 + k3 * (k1 / k2) * (k1 / k2) * t_end);
    s[1] = k1 / k2 * s[0];
    s[2] = 1.0e-6;
  }
};

struct FriedmannBackground {
  static constexpr int size = 1;
  double om, orad, ol;

  explicit FriedmannBackground(const double* p) : om(p[0]), orad(p[1]), ol(1.0 - p[0] - p[1]) {}
  void start(double* u) const { u[0] = std::sqrt(2.0 * std::sqrt(orad) * 1.0e-12); }
  void slope(double, const double* u, double* du) const {
    const double a = u[0];
    du[0] = std::sqrt(orad / (a * a) + om / a + ol * a * a);
  }
  void jacobian(double, const double* u, double* j) const {
    const double a = u[0];
    const double rate = std::sqrt(orad / (a * a) + om / a + ol * a * a);
    j[0] = (-orad / (a * a * a) - 0.5 * om / (a * a) + ol * a) / rate;
  }
  void smallest(double, double* s) const { start(s); }
};

struct MeszarosGrowth {
  static constexpr int size = 2;
  double f;

  explicit MeszarosGrowth(const double* p) : f(p[0]) {}
  void start(double* u) const {
    const double y = 1.0e-4, q = 1.5 * (1.0 - f);
    u[0] = 1.0 + q * y - 0.375 * f * q * y * y;
    u[1] = q - 0.75 * f * q * y;
  }
  void slope(double y, const double* u, double* du) const {
    const double inverse = 1.0 / (y * (1.0 + y));
    du[0] = u[1];
    du[1] = (1.5 * (1.0 - f) * u[0] - (1.0 + 1.5 * y) * u[1]) * inverse;
  }
  void jacobian(double y, const double*, double* j) const {
    const double inverse = 1.0 / (y * (1.0 + y));
    j[0] = 0.0;
    j[1] = 1.0;
    j[2] = 1.5 * (1.0 - f) * inverse;
    j[3] = -(1.0 + 1.5 * y) * inverse;
  }
  void smallest(double t_end, double* s) const {
    s[0] = 1.0;
    s[1] = 1.0 / std::sqrt(t_end);
  }
};

struct MisalignedScalar {
  static constexpr int size = 2;
  double m;

  explicit MisalignedScalar(const double* p) : m(p[0]) {}
  void start(double* u) const {
    u[0] = 1.0;
    u[1] = 0.0;
  }
  void slope(double t, const double* u, double* du) const {
    du[0] = u[1];
    du[1] = -1.5 / t * u[1] - m * m * u[0];
  }
  void jacobian(double t, const double*, double* j) const {
    j[0] = 0.0;
    j[1] = 1.0;
    j[2] = -m * m;
    j[3] = -1.5 / t;
  }
  void smallest(double t_end, double* s) const {
    s[0] = std::pow(1.0 + m * t_end, -0.75);
    s[1] = m * s[0];
  }
};

struct TensorModes {
  static constexpr int size = 2;
  double k;

  explicit TensorModes(const double* p) : k(p[0]) {}
  void start(double* u) const {
    u[0] = 1.0;
    u[1] = 0.0;
  }
  void slope(double eta, const double* u, double* du) const {
    du[0] = u[1];
    du[1] = -4.0 * (eta + 1.0) / (eta * (eta + 2.0)) * u[1] - k * k * u[0];
  }
  void jacobian(double eta, const double*, double* j) const {
    j[0] = 0.0;
    j[1] = 1.0;
    j[2] = -k * k;
    j[3] = -4.0 * (eta + 1.0) / (eta * (eta + 2.0));
  }
  void smallest(double t_end, double* s) const {
    s[0] = 1.0 / (1.0 + k * t_end * (t_end + 2.0));
    s[1] = k * s[0];
  }
};

struct FreezeOut {
  static constexpr int size = 1;
  double lambda;

  explicit FreezeOut(const double* p) : lambda(p[0]) {}
  static double equilibrium(double x) { return 0.145 * (2.0 / 86.25) * x * std::sqrt(x) * std::exp(-x); }
  void start(double* u) const { u[0] = equilibrium(1.0); }
  void slope(double x, const double* u, double* du) const {
    const double yeq = equilibrium(x);
    du[0] = -lambda / (x * x) * (u[0] - yeq) * (u[0] + yeq);
  }
  void jacobian(double x, const double* u, double* j) const { j[0] = -2.0 * lambda / (x * x) * u[0]; }
  void smallest(double, double* s) const { s[0] = 1.0 / lambda; }
};

}  // namespace gluesweep::benchmark::native
