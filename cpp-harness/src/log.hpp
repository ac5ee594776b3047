// llama.cpp's log: to standard error, and its last error lines kept to say why something failed.
#pragma once

#include <string>

namespace harness {

// Sends the log of llama.cpp and ggml to standard error. Standard output belongs to the protocol.
void install_log();

// Called before something is tried, so that its failure is not explained by older errors.
void forget_errors();

// The last error lines, oldest first, joined by "; ", or `otherwise` if there were none.
std::string take_last_errors(const std::string & otherwise);

}  // namespace harness
