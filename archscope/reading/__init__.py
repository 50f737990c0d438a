"""From a file to what it says of a network. No torch, and nothing in a file is run, unpickled or extracted.

kinds          what a file is, by its content
documents      JSON of a stranger's
drafting       a Graph in the making
onnx/          ONNX files
safetensors    which tensors a file of weights holds
exported/      exported programs, .pt2 files or torch's own objects
"""
