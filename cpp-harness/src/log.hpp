// llama.cpp's log: to standard error, and its last error lines kept to say why a model was refused.
#pragma once

#include <string>

namespace harness {

// Sends the log of llama.cpp and ggml to standard error. Standard output belongs to the protocol.
void install_log();

// The error lines since the last call, joined by "; ", or `otherwise` if there were none.
std::string take_last_errors(const std::string & otherwise);

}  // namespace harness
