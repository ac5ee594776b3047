// The names of `quantize`, as users know them from llama-quantize, for the library's numbers.
#pragma once

#include <string>

#include "llama.h"

namespace harness {

// Both throw a failure with exit_code::usage that lists the known names.
llama_ftype file_type(const std::string & name);
ggml_type tensor_type(const std::string & name);

}  // namespace harness
