// BibTeX for the sources of the claims. A paper's key is the first part of its claims' ids.
#pragma once

#include <string>

namespace attnbounds {

/// The entry of `key`. A paper that the list does not know gets one from its citation, "Authors year, arXiv
/// number" or "Authors year, place", as `attnbounds claims` prints it; what neither knows gets a note.
std::string bibtex_entry(const std::string& key, const std::string& citation);

}  // namespace attnbounds
