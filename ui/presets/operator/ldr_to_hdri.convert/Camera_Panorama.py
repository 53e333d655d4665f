import bpy

op = bpy.context.active_operator

op.projection = "EQUIRECTANGULAR"
op.input_curve = "CAMERA"
op.world = "NEW"
op.destination = "SOURCE"
op.compression = "ZIP"
