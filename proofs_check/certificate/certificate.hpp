// Certificates of what the program reports, as JSON (docs/certificates.md). attnbounds-check re-proves them.
// Those of attention and gradients name files: they are written into a folder of their own, beside copies of
// the matrices.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "attention/propagation.hpp"
#include "kernels/gradient.hpp"
#include "kernels/gradient_attention.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

using Json = nlohmann::ordered_json;

/// The rows of a sample: all if count = n; else row t is SHA-256("attnbounds-rows SEED HASH t") modulo n,
/// those met again skipped, HASH the output file's.
std::vector<Eigen::Index> sampled_rows(std::uint64_t seed, const std::string& output_hash, Eigen::Index n,
                                       Eigen::Index count);

/// Writes q.npy … output.npy and certificate.json into `folder`; returns the certificate's path. `rows`: how
/// many rows of the output are enclosed. Errors: InputError.
std::filesystem::path write_attention_certificate(const std::filesystem::path& folder,
                                                  const AttentionInput& input, const AttentionResult& result,
                                                  Mask mask, std::uint64_t seed, Eigen::Index rows,
                                                  ThreadCount threads = all_cores());
/// The same of all rows, whose error the caller has enclosed already.
std::filesystem::path write_attention_certificate(const std::filesystem::path& folder,
                                                  const AttentionInput& input, const AttentionResult& result,
                                                  Mask mask, const Enclosure& error);
std::filesystem::path write_attention_certificate(const std::filesystem::path& folder,
                                                  const TensorAttentionInput& input,
                                                  const AttentionResult& result, Mask mask,
                                                  std::uint64_t seed, Eigen::Index rows,
                                                  ThreadCount threads = all_cores());
std::filesystem::path write_gradient_certificate(const std::filesystem::path& folder,
                                                 const MatrixLossInput& input, const AttentionResult& result,
                                                 ThreadCount threads = all_cores());
std::filesystem::path write_gradient_certificate(const std::filesystem::path& folder,
                                                 const TensorLossInput& input, const AttentionResult& result,
                                                 ThreadCount threads = all_cores());
/// Of the gradients of <G, Att(Q, K, V)> by q, k and v, all three.
std::filesystem::path write_gradient_certificate(const std::filesystem::path& folder,
                                                 const AttentionInput& input, const Matrix<double>& upstream,
                                                 Mask mask, const AttentionGradientResult& result);

/// Why kind `layers` cannot speak of these layers; empty if it can.
std::string beyond_layers_certificate(const std::vector<Layer<double>>& layers);
/// The recursions through such layers (else std::invalid_argument); backward from the squared loss against
/// `target`.
Json layers_certificate(const std::vector<Layer<double>>& layers, const Matrix<double>& input,
                        const Matrix<double>& target, const Rational& delta,
                        ConstantsFrom from = ConstantsFrom::states);

/// For a folder of `attnbounds reduce` (vectors, gap or attention), whose answer is found exhaustively. The
/// certificate belongs into that folder. Errors: InputError.
Json reduction_certificate(const std::filesystem::path& folder);

/// lower <= rank_eps(M) <= upper, rank_eps(M) = min { rank M' : |M' - M|_max <= eps }: factors and near
/// singular vectors from the singular value decomposition in doubles, each side as far as intervals confirm
/// it.
struct CertifiedRank {
  long lower = 0, upper = 0;
  Json certificate;
};
CertifiedRank certified_rank(const Matrix<double>& matrix, const Rational& epsilon);

/// The certificate of one instance of a claim, from a witness in a log line (`comparison`, `instance`); none
/// where the comparison is not in the checker's catalogue. `constants`: of the log line.
std::optional<Json> claim_instance_certificate(const std::string& claim, const Json& witness,
                                               const char* relation, const Json& constants);

/// Whether the checker's catalogue has the comparison; why it has no certificate of another kind either,
/// empty if that is not known; and every claim of which such a reason is known.
bool in_catalogue(const std::string& claim, const std::string& comparison);
std::string why_no_certificate(const std::string& claim, const std::string& comparison);
std::vector<std::string> claims_without_certificates();

}  // namespace attnbounds
