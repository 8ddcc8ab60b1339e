// Least degree against the half-width X, log-log: proved points, the theorem's formula and the asymptotic
// estimate of docs/degree.md, section 5.
#pragma once

#include "report/gnuplot.hpp"
#include "report/run_record.hpp"

namespace attnbounds {

/// The degree n - 1 at which n arcosh(n/X) - sqrt(n^2 - X^2) = log(1/epsilon) (relative error), or
/// n arsinh(n/X) - sqrt(n^2 + X^2) = log(1/epsilon) (absolute). X > 0, 0 < epsilon < 1.
Estimate asymptotic_degree(double half_width, double epsilon, ErrorKind kind);

/// The gnuplot script of the figure, data included; empty if no point of this kind can be drawn.
std::string least_degree_script(const std::vector<DegreeRecord>& degrees, ErrorKind kind);

/// The same as a tikzpicture for pgfplots, data included.
std::string least_degree_pgfplots(const std::vector<DegreeRecord>& degrees, ErrorKind kind);

}  // namespace attnbounds
